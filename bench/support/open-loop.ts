import { Client } from 'undici';

/** One event's way, in milliseconds since it was due to be sent. */
export interface Sent {
  readonly n: number;
  readonly status: number;
  /** `performance.now()` at which the request was due, sent or not: a late client's wait counts (no coordinated omission). */
  readonly dueAt: number;
  readonly answeredMs: number;
  /** What the service itself says: `X-Response-Time`. */
  readonly serverMs: number;
}

/** Sends at a fixed rate, whether or not earlier requests have been answered. */
export async function openLoop(options: {
  url: string;
  perSecond: number;
  seconds: number;
  connections: number;
  bodyOf: (n: number, dueAt: number) => string;
}): Promise<Sent[]> {
  const { url, perSecond, seconds, connections, bodyOf } = options;
  const clients = Array.from({ length: connections }, () => new Client(url, { pipelining: 1 }));
  const headers = { 'x-api-key': 'test-api-key-change-in-prod', 'content-type': 'application/json' };
  const total = Math.round(perSecond * seconds);
  const startAt = performance.now() + 50;
  const pending: Promise<Sent>[] = [];
  let n = 0;
  await new Promise<void>((resolve) => {
    const tick = () => {
      const now = performance.now();
      while (n < total && startAt + (n * 1_000) / perSecond <= now) {
        const dueAt = startAt + (n * 1_000) / perSecond;
        pending.push(send(n++, dueAt));
      }
      if (n >= total) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
  const sent = await Promise.all(pending);
  await Promise.all(clients.map((client) => client.close()));
  return sent;

  async function send(at: number, dueAt: number): Promise<Sent> {
    const client = clients[at % connections];
    if (client === undefined) throw new Error('no connection');
    const {
      statusCode,
      body,
      headers: answered,
    } = await client.request({
      method: 'POST',
      path: '/api/events',
      headers,
      body: bodyOf(at, dueAt),
    });
    await body.dump();
    return {
      n: at,
      status: statusCode,
      dueAt,
      answeredMs: performance.now() - dueAt,
      serverMs: Number.parseFloat(String(answered['x-response-time'])),
    };
  }
}
