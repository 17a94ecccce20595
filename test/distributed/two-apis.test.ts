import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { before, describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { openEngine } from '../../src/app/open-engine.ts';
import { readSettings } from '../../src/app/settings/settings.ts';
import { SCOPES } from '../../src/core/administration/organization.ts';
import { IdSource, type KeyId, type OrganizationId } from '../../src/core/ids.ts';
import { hashKey } from '../../src/pipeline/access/authenticator.ts';
import { Cluster } from '../support/cluster.ts';
import { Receiver } from '../support/receiver.ts';
import { type Client, eventually, suiteCleanup } from '../support/service.ts';
import { StreamReader } from '../support/stream-reader.ts';

const KEY = 'key-of-an-organization-with-a-limit';

describe('Two api processes, one service', () => {
  const cleanup = suiteCleanup();
  let cluster: Cluster;
  let one: Client;
  let other: Client;

  before(async () => {
    cluster = await Cluster.start(cleanup, { env: { RATE_LIMIT_FREE: '6' } });
    const [first, second] = await Promise.all([cluster.run('api'), cluster.run('api')]);
    await Promise.all([cluster.run('worker'), cluster.run('deliverer')]);
    one = cluster.client(first);
    other = cluster.client(second);
    await addOrganization();
  });

  /** There is no route for it yet. */
  async function addOrganization(): Promise<void> {
    const settings = readSettings(cluster.env);
    assert.ok(!('problems' in settings));
    const onFatal = (error: unknown) => assert.fail(String(error));
    const { engine } = await openEngine({ settings, log: SILENT_LOG, clock: new SystemClock(), onFatal });
    const ids = new IdSource(() => engine.clock.now(), randomFillSync);
    const id = ids.next<OrganizationId>();
    const createdAt = engine.clock.now();
    const key = { id: ids.next<KeyId>(), organizationId: id, name: 'test', prefix: 'key-of-a', createdAt };
    await engine.store.organizations.create(
      { id, name: 'Free', tier: 'free', createdAt },
      { ...key, sha256: hashKey(KEY), expiresAt: null, scopes: SCOPES, lastUsedAt: null },
    );
    await engine.close();
  }

  test('a rate limit holds over both', async () => {
    const statuses = [];
    for (let n = 0; n < 8; n++) {
      const client = n % 2 === 0 ? one : other;
      statuses.push((await client.post('/api/events', { type: 'a', data: n }, { key: KEY })).status);
    }
    assert.deepEqual(statuses, [202, 202, 202, 202, 202, 202, 429, 429]);
  });

  const stream = async (context: TestContext, client: Client, options: { query?: string; key?: string } = {}) => {
    const reader = await StreamReader.open(client.url, { key: client.key, ...options });
    context.after(() => reader.close());
    return reader;
  };

  test('who watches at one sees what happens at the others, once', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const readers = await Promise.all(
      [one, other, one].map((client) => stream(context, client, { query: '?types=watched' })),
    );
    const endpoint = await other.post('/api/endpoints', { url: receiver.url, event_types: ['watched'] });
    const ids = [await one.send('watched', 1), await other.send('watched', 2)];
    for (const reader of readers) {
      await reader.waitFor('delivery', 2);
      assert.deepEqual(reader.eventIds, ids);
      assert.deepEqual(
        reader.of('delivery').map(({ json }) => json.status),
        ['delivered', 'delivered'],
      );
    }
    assert.equal((await one.call('DELETE', `/api/endpoints/${endpoint.json.id}`)).status, 204);
  });

  test('news that were lost on the way are read from the record', async (context) => {
    const reader = await stream(context, other, { query: '?types=lost' });
    const ids: string[] = [];
    for (let round = 0; round < 5; round++) {
      await cluster.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      for (let n = 0; n < 5; n++) ids.push(await one.send('lost', n));
    }
    await reader.waitFor('event', ids.length);
    assert.deepEqual(reader.eventIds, ids);
    assert.deepEqual(
      reader.of('dropped').filter(({ json }) => json.events !== 0 || json.deliveries !== null),
      [],
      'of deliveries nobody knows how many',
    );
  });

  test('a key that is gone stops working on both within a second or so', async (context) => {
    for (const client of [one, other]) assert.equal((await client.get('/api/me', { key: KEY })).status, 200);
    const watching = await Promise.all([one, other].map((client) => stream(context, client, { key: KEY })));
    assert.deepEqual(
      watching.map(({ status }) => status),
      [200, 200],
    );
    const database = new pg.Client({ connectionString: cluster.databaseUrl });
    await database.connect();
    // As an operator might in an emergency: nobody is told.
    await database.query('DELETE FROM api_keys WHERE sha256 = $1', [hashKey(KEY)]);
    await database.end();
    for (const client of [one, other]) {
      await eventually(async () => assert.equal((await client.get('/api/me', { key: KEY })).status, 401));
    }
    for (const reader of watching) assert.equal(await reader.untilEnded(), 'in order');
  });

  test('an endpoint made at one gets the next event sent to the other', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    for (let round = 0; round < 5; round++) {
      const made = await one.post('/api/endpoints', {
        url: `${receiver.url}/${round}`,
        event_types: [`round.${round}`],
      });
      assert.equal(made.status, 201, made.text);
      await other.send(`round.${round}`, round);
    }
    await receiver.waitFor(5);
    assert.deepEqual(receiver.requests.map(({ path }) => path).sort(), ['/0', '/1', '/2', '/3', '/4']);
  });

  test('a consumer that waits at one is woken by an event sent to the other, and holds it alone', async () => {
    const drain = async () => {
      for (;;) {
        const { lease_id } = (await one.post('/api/inbox/lease', { lease_limit: 1_000 })).json;
        if (lease_id === null) return;
        await one.post('/api/inbox/ack', { lease_id });
      }
    };
    await drain();
    let ended = 0;
    const waiting = [one, other, one, other].map((client) =>
      client.post('/api/inbox/lease', { lease_limit: 1, wait_seconds: 3 }).finally(() => ended++),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { json } = await other.post('/api/events', { type: 'wake', data: 1 });
    const first = await Promise.race(waiting);
    assert.equal(first.json.data[0].id, json.id);
    assert.equal(ended, 1, 'before the wait is over');
    const leased = (await Promise.all(waiting)).flatMap((answer) => answer.json.data);
    assert.deepEqual(
      leased.map(({ id }: { id: string }) => id),
      [json.id],
    );
  });
});
