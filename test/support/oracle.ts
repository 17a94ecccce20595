import assert from 'node:assert/strict';
import { HANG_MS } from './hang.ts';
import type { Receiver } from './receiver.ts';
import { type Client, eventually } from './service.ts';

/** What a killed process held is taken up when its leases and claims have run out, one after the other. */
const SETTLED_MS = 4 * HANG_MS;

interface StoredEvent {
  readonly id: string;
  readonly dedup_id: string | null;
}

/**
 * Clients that send under load while a test breaks things, and the check of what came of it. Each sends events one after
 * the other, each event with a dedup id of its own and again until it has an answer, whatever happens meanwhile.
 */
export class Oracle {
  /** dedup id → the id that was answered. */
  readonly answered = new Map<string, string>();
  /** Answers that said "later". */
  refused = 0;
  readonly #name: string;
  readonly #client: () => Client;
  readonly #pauseMs: number;
  #running: Promise<unknown> = Promise.resolve();
  #stopping = false;

  /** @param options.pauseMs between two events of one client */
  constructor(options: { name: string; client: () => Client; pauseMs?: number }) {
    this.#name = options.name;
    this.#client = options.client;
    this.#pauseMs = options.pauseMs ?? 0;
  }

  start(clients: number): void {
    this.#running = Promise.all(Array.from({ length: clients }, (_, n) => this.#send(`${this.#name}-${n}`)));
  }

  /** Resolves when every client has its last answer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #send(name: string): Promise<void> {
    for (let next = 0; !this.#stopping; next++) {
      const dedupId = `${name}-${next}`;
      this.answered.set(dedupId, await this.#untilAnswered(dedupId));
      if (this.#pauseMs > 0) await sleep(this.#pauseMs);
    }
  }

  async #untilAnswered(dedupId: string): Promise<string> {
    while (true) {
      try {
        const event = { type: 'oracle.test', data: { dedupId }, dedup_id: dedupId };
        const { status, headers, text, json } = await this.#client().post('/api/events', event);
        if (status === 202 || status === 200) return json.id;
        assert.equal(status, 503, text);
        assert.ok(Number(headers['retry-after']) >= 1, 'a 503 says when to try again');
        this.refused++;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await sleep(20);
    }
  }

  /**
   * Everything that was answered is stored once and delivered, nothing else is there, nothing waits any more.
   * @param options.mayRepeat dedup marks were lost: a repeated dedup id may have become a second event
   */
  async check(options: {
    client: Client;
    receiver: Receiver;
    mayRepeat?: boolean;
  }): Promise<{ readonly events: number; readonly sentAgain: number }> {
    const { client, receiver, mayRepeat = false } = options;
    const stored = await eventually(async () => {
      const events = await allEvents(client);
      const ids = new Set(events.map(({ id }) => id));
      const missing = [...this.answered.values()].filter((id) => !ids.has(id));
      assert.equal(missing.length, 0, `${missing.length} of ${this.answered.size} answered events are not stored`);
      return events;
    }, SETTLED_MS);
    assert.equal(new Set(stored.map(({ id }) => id)).size, stored.length, 'no event is stored twice');
    if (!mayRepeat) this.#checkOnce(stored);
    await this.#checkDelivered(stored, receiver);
    await eventually(async () => {
      for (const status of ['pending', 'retrying']) {
        const { data } = (await client.get(`/api/deliveries?status=${status}`)).json;
        assert.equal(data.length, 0, `${data.length} deliveries are ${status}`);
      }
    }, SETTLED_MS);
    return { events: stored.length, sentAgain: receiver.requests.length - stored.length };
  }

  #checkOnce(stored: readonly StoredEvent[]): void {
    const byDedupId = new Map<string | null, string[]>();
    // Those without one are the test's own.
    for (const { id, dedup_id } of stored.filter((event) => event.dedup_id !== null))
      byDedupId.set(dedup_id, [...(byDedupId.get(dedup_id) ?? []), id]);
    for (const [dedupId, ids] of byDedupId) assert.deepEqual(ids, [this.answered.get(dedupId ?? '')], dedupId ?? '');
  }

  async #checkDelivered(stored: readonly StoredEvent[], receiver: Receiver): Promise<void> {
    await eventually(() => {
      const delivered = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
      const missing = stored.filter(({ id }) => !delivered.has(id));
      assert.equal(missing.length, 0, `${missing.length} of ${stored.length} were never delivered`);
    }, SETTLED_MS);
    const bodies = new Map<string, string>();
    for (const { headers, body } of receiver.requests) {
      const id = headers['webhook-id'] ?? '';
      assert.equal(body.toString(), bodies.get(id) ?? body.toString(), 'the same body on every attempt');
      bodies.set(id, body.toString());
    }
  }
}

async function allEvents(client: Client): Promise<StoredEvent[]> {
  const events = [];
  let cursor = '';
  do {
    const page = (await client.get(`/api/events?limit=1000${cursor}`)).json;
    events.push(...page.data);
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (cursor !== '');
  return events;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
