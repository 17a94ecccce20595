import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createClient } from '@redis/client';
import { SystemClock } from '../../src/app/clock.ts';
import { createLog } from '../../src/app/logging/log.ts';
import { chooseEngine, engineEnvironment } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

chooseEngine('distributed');

describe('keys in Redis that hold another type than ours', () => {
  const cleanup = suiteCleanup();
  const lines: string[] = [];
  let service: TestService;
  let receiver: Receiver;
  let prefix: string;
  let redis: ReturnType<typeof createClient>;
  before(async () => {
    const dataDir = await temporaryFolder(cleanup);
    const env = await engineEnvironment(dataDir);
    prefix = env['REDIS_PREFIX'] ?? '';
    redis = createClient({ url: env['REDIS_URL'] ?? '' });
    await redis.connect();
    cleanup.after(async () => redis.destroy());
    receiver = await Receiver.start();
    cleanup.after(() => receiver.stop());
    const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
    const log = createLog({ level: 'debug', form: 'text', colors: false, clock: new SystemClock(), sink });
    service = await startTestService(cleanup, { DATA_DIR: dataDir }, log);
  });

  const organization = async () => {
    const made = (await service.post('/api/organizations', { name: 'One', tier: 'pro' }, { key: null })).json;
    return { key: made.api_key as string, id: made.organization.id as string };
  };
  const set = async (name: string) => {
    const key = `${prefix}:${name}`;
    await redis.del(key);
    await redis.set(key, 'of another type');
    return key;
  };
  const assertNamed = (key: string) =>
    assert.ok(
      lines.some((line) => line.includes(key)),
      `${key} stands in the log`,
    );
  /** No load balancer takes all tenants' traffic away for it; `/health` says that something is wrong. */
  const assertReady = async () => {
    assert.equal((await service.get('/health/ready')).status, 200);
    assert.equal((await service.get('/health')).json.status, 'degraded');
  };
  const event = (data: number, more: object = {}) => ({ type: 'typed', data, ...more });

  test('a rate limit’s: 503 for that organization, and a line that names the key', async () => {
    const [ours, theirs] = [await organization(), await organization()];
    const key = await set(`rate:${ours.id}`);
    const refused = await service.post('/api/events', event(1), ours);
    assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable']);
    assert.ok(refused.headers['retry-after']);
    assertNamed(key);
    assert.equal((await service.post('/api/events', event(1), theirs)).status, 202);
    await redis.del(key);
    assert.equal((await service.post('/api/events', event(1), ours)).status, 202);
  });

  test('a dedup mark’s: 503 for that event; those that gathered with it are accepted', async () => {
    const [ours, theirs] = [await organization(), await organization()];
    await redis.del(`${prefix}:dedup:${ours.id}:broken`);
    await redis.lPush(`${prefix}:dedup:${ours.id}:broken`, 'of another type');
    const [broken, ...others] = await Promise.all([
      service.post('/api/events', event(1, { dedup_id: 'broken' }), ours),
      ...Array.from({ length: 20 }, (_, n) => service.post('/api/events', event(n), theirs)),
    ]);
    assert.deepEqual([broken.status, broken.json.code], [503, 'unavailable']);
    assert.ok(others.every(({ status }) => status === 202));
    assertNamed(`${prefix}:dedup:${ours.id}:…`);
    await assertReady();
    assert.ok(!lines.some((line) => line.includes('broken')), 'the client’s own text does not');
  });

  for (const kind of ['lane', 'lane-held', 'lane-rate']) {
    test(`one ${kind}: every other lane is recorded and delivered, and health in detail answers`, async () => {
      const [ours, theirs] = [await organization(), await organization()];
      const limits = { rate_limit: 1_000, ordered: false, max_concurrency: 5 };
      const broken = (await service.post('/api/endpoints', { url: `${receiver.url}/broken`, ...limits }, ours)).json;
      await service.post('/api/endpoints', { url: `${receiver.url}/${kind}`, ...limits }, theirs);
      const key = await set(`${kind}:${broken.id}`);
      for (let n = 0; n < 5; n++) {
        assert.equal((await service.post('/api/events', event(n), ours)).status, 202);
        assert.equal((await service.post('/api/events', event(n), theirs)).status, 202);
      }
      await eventually(() => {
        assert.equal(receiver.requests.filter(({ path }) => path === `/${kind}`).length, 5);
      });
      await eventually(() => assertNamed(kind === 'lane-rate' ? `lane:${broken.id}` : `${prefix}:lane`));
      assert.equal((await service.get('/health/detailed')).status, 200);
      await assertReady();
      await redis.del(key);
    });
  }

  test('the stream of events: 503 with a line that names it, and it goes on when the key is gone', async () => {
    const ours = await organization();
    const key = await set('events');
    const refused = await service.post('/api/events', event(1), ours);
    assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable']);
    assertNamed(key);
    await redis.del(key);
    await eventually(async () => {
      assert.equal((await service.post('/api/events', event(2), ours)).status, 202);
    });
  });
});
