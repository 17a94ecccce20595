import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEVELOPMENT_KEY } from '../../src/app/settings.ts';
import { Receiver } from '../support/receiver.ts';
import { Client, eventually } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** `CRASH_ROUNDS=200 npm test -- test/faults/crash.test.ts` for the long form. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 20);
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CLIENTS = 8;

/** Mulberry32: small, and the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sends events one after the other, each with its own dedup id, and each again until it has an answer. */
class Sender {
  /** dedup id → the id that was answered. */
  readonly answered = new Map<string, string>();
  readonly #name: string;
  #stopping = false;
  #next = 0;

  constructor(name: string) {
    this.#name = name;
  }

  stop(): void {
    this.#stopping = true;
  }

  async run(client: () => Client): Promise<void> {
    while (!this.#stopping) {
      const dedupId = `${this.#name}-${this.#next++}`;
      this.answered.set(dedupId, await this.#sendUntilAnswered(client, dedupId));
    }
  }

  async #sendUntilAnswered(client: () => Client, dedupId: string): Promise<string> {
    while (true) {
      try {
        const answer = await client().post('/api/events', { type: 'crash.test', data: { dedupId }, dedup_id: dedupId });
        if (answer.status === 202 || answer.status === 200) return answer.json.id;
        assert.equal(answer.status, 503, answer.text);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test(`killed at random ${ROUNDS} times under load, it loses nothing and stores nothing twice (seed ${SEED})`, async (context) => {
  const random = randomFrom(SEED);
  const dataDir = temporaryFolder(context);
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());

  let service = await ServiceProcess.start({ DATA_DIR: dataDir });
  const env = { DATA_DIR: dataDir, PORT: new URL(service.url).port };
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(async () => {
    await client.close();
    await service.stop('SIGKILL');
  });
  assert.equal((await client.post('/api/webhook/config', { webhook_url: receiver.url })).status, 200);

  const senders = Array.from({ length: CLIENTS }, (_, i) => new Sender(`${SEED}-${i}`));
  const running = Promise.all(senders.map((sender) => sender.run(() => client)));
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 500));
    await service.stop('SIGKILL');
    service = await ServiceProcess.start(env);
  }
  for (const sender of senders) sender.stop();
  await running;

  const answered = new Map(senders.flatMap((sender) => [...sender.answered]));
  assert.ok(answered.size > ROUNDS * CLIENTS, `only ${answered.size} events were sent`);
  const stored = await allEvents(client);
  assert.equal(new Set(stored.map(({ dedup_id }) => dedup_id)).size, stored.length, 'one row for each dedup id');
  assert.equal(stored.length, answered.size, 'nothing but what was answered is there');
  for (const { id, dedup_id } of stored)
    assert.equal(id, answered.get(dedup_id), 'the id that was answered is the one stored');

  await eventually(() => {
    const delivered = new Set(receiver.requests.map(({ headers }) => headers['webhook-id']));
    const missing = stored.filter(({ id }) => !delivered.has(id));
    assert.equal(missing.length, 0, `${missing.length} of ${stored.length} were never delivered`);
  }, 30_000);
  const bodies = new Map<string, string>();
  for (const { headers, body } of receiver.requests) {
    const id = headers['webhook-id'] ?? '';
    assert.equal(body.toString(), bodies.get(id) ?? body.toString(), 'the same body on every attempt');
    bodies.set(id, body.toString());
  }
  await eventually(async () => {
    for (const status of ['pending', 'retrying']) {
      assert.equal((await client.get(`/api/deliveries?status=${status}`)).json.data.length, 0);
    }
  }, 30_000);
  context.diagnostic(`${stored.length} events, ${receiver.requests.length - stored.length} sent more than once`);
});

async function allEvents(client: Client): Promise<{ id: string; dedup_id: string; data: unknown }[]> {
  const events = [];
  let cursor = '';
  do {
    const page = (await client.get(`/api/events?limit=1000${cursor}`)).json;
    events.push(...page.data);
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (cursor !== '');
  return events;
}
