import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Redis } from '../../src/engines/redis-postgres/redis/connection.ts';
import { StartRefused } from '../../src/ports/start-refused.ts';
import { EngineUnavailable, type UnavailableCode } from '../../src/ports/unavailable.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';

const SECRET = 'a-value-that-must-not-be-told';

describe('Redis connection', () => {
  let server: RedisServer;
  const opened: Redis[] = [];
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((redis) => redis.close()));
  });
  const open = async (url = server.url) => {
    const redis = await Redis.open({ url, prefix: 'test' });
    opened.push(redis);
    return redis;
  };

  test('a script that the server has forgotten is sent whole', async () => {
    const redis = await open();
    const lead = () => redis.run('lead', [redis.key('leader')], ['me', '1000']);
    assert.equal(await lead(), 1);
    await server.command('SCRIPT', 'FLUSH');
    assert.deepEqual(await Promise.all([lead(), lead(), lead()]), [1, 1, 1]);
    await assert.rejects(redis.run('no-such-script', [], []), TypeError);
  });

  test('a mistake of our own is thrown as it is', async () => {
    const redis = await open();
    await assert.rejects(redis.command('XLEN'), /wrong number of arguments/);
  });

  test('a key of another type is no mistake of ours: it is unavailable, and named', async () => {
    const redis = await open();
    await redis.command('SET', redis.key('text'), 'x');
    const named = new RegExp(redis.key('text'));
    const unavailable = { name: 'EngineUnavailable', code: 'storage_failed', message: named };
    await assert.rejects(redis.command('XLEN', redis.key('text')), unavailable);
    await assert.rejects(redis.run('take-tokens', [redis.key('text')], ['0', '1', '1']), unavailable);
    assert.match(redis.health().reason ?? '', named);
  });

  test('commands to a frozen server fail although more are sent all the time; it is used again when it continues', async () => {
    const redis = await open();
    server.signal('SIGSTOP');
    let rejected = 0;
    const calls: Promise<void>[] = [];
    try {
      // Until nobody waits any more: what is sent then fails at once. A hang is ended by the test's own limit.
      while (calls.length < 100 || rejected < calls.length) {
        calls.push(
          redis.command('SET', redis.key('frozen'), SECRET).then(
            () => assert.fail('answered by a frozen server'),
            (error: unknown) => {
              assertUnavailable(error, 'unreachable');
              rejected++;
            },
          ),
        );
        await sleep(20);
      }
    } finally {
      server.signal('SIGCONT');
    }
    await Promise.all(calls);
    await eventually(() => redis.command('PING'));
  });

  test('a frozen server is noticed without commands', async () => {
    const redis = await open();
    server.signal('SIGSTOP');
    try {
      await eventually(() => assert.equal(redis.health().status, 'failed'));
    } finally {
      server.signal('SIGCONT');
    }
    await eventually(() => assert.deepEqual(redis.health(), { status: 'ok', reason: null }));
  });

  test('waits out a short break; in a long one it fails at once; a restarted server is used again', async () => {
    const redis = await open();
    // On a slow machine a new connection may take longer than a short break: again, then.
    await eventually(async () => {
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
      await sleep(20);
      assert.equal(await redis.command('PING'), 'PONG');
    });

    await server.kill();
    await sleep(1_500);
    let later = false;
    setTimeout(() => {
      later = true;
    }, 100);
    await assert.rejects(redis.command('PING'), (error) => assertUnavailable(error, 'unreachable'));
    assert.equal(later, false, 'no timer of this process had its turn meanwhile');
    await sleep(2_000);
    await server.startAgain();
    await eventually(() => redis.command('PING'));
    await eventually(() => assert.equal(redis.health().status, 'ok'));
  });

  test('a command in flight when the connection died is not repeated', async () => {
    const redis = await open();
    await redis.command('DEL', redis.key('counter'));
    server.signal('SIGSTOP');
    const calls = Array.from({ length: 5 }, () => redis.command('INCR', redis.key('counter')));
    const outcomes = await Promise.allSettled(calls);
    server.signal('SIGCONT');
    for (const outcome of outcomes) assert.equal(outcome.status, 'rejected');
    await eventually(() => redis.command('PING'));
    assert.ok(Number(await redis.command('GET', redis.key('counter'))) <= 5);
  });

  test("commands to a server that became a replica are retried briefly on a new connection, then fail without the server's text", async () => {
    const redis = await open();
    try {
      await server.command('REPLICAOF', '127.0.0.1', '1');
      const calls = Array.from({ length: 20 }, () => redis.command('SET', redis.key('a'), SECRET));
      // All at once: one that rejects before anybody waits for it would end the test.
      await Promise.all(calls.map((call) => assert.rejects(call, (error) => assertUnavailable(error, 'unreachable'))));
      // On a slow machine the failover may take longer than it is waited for: again, then.
      await eventually(async () => {
        await server.command('REPLICAOF', '127.0.0.1', '1');
        const patient = Promise.allSettled(Array.from({ length: 20 }, () => redis.command('SET', redis.key('a'), '1')));
        await sleep(100);
        await server.command('REPLICAOF', 'NO', 'ONE');
        const statuses = (await patient).map(({ status }) => status);
        assert.deepEqual(new Set(statuses), new Set(['fulfilled']), 'the failover was waited out');
      });
    } finally {
      await server.command('REPLICAOF', 'NO', 'ONE');
    }
  });

  test('a reader goes to the new server too', async () => {
    const redis = await open();
    const reader = redis.reader();
    try {
      await reader.commandBytes('SET', redis.key('b'), '1');
      const connection = () => server.command('CLIENT', 'LIST').then(String);
      const before = await connection();
      // A connection that is as young as this is not left for another.
      await sleep(1_000);
      await server.command('REPLICAOF', '127.0.0.1', '1');
      await assert.rejects(reader.commandBytes('SET', redis.key('b'), '2'), (error) => {
        return assertUnavailable(error, 'unreachable');
      });
      await server.command('REPLICAOF', 'NO', 'ONE');
      await eventually(() => reader.commandBytes('SET', redis.key('b'), '3'));
      assert.notEqual(await connection(), before);
    } finally {
      reader.close();
      await server.command('REPLICAOF', 'NO', 'ONE');
    }
  });

  test('a full server: writes are refused as storage that failed, reads go on, and health forgets it after a while', async () => {
    const redis = await open();
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await assert.rejects(redis.command('SET', redis.key('a'), SECRET), (error) =>
        assertUnavailable(error, 'storage_failed'),
      );
      assert.equal(redis.health().status, 'failed');
      assert.equal(await redis.command('PING'), 'PONG');
    } finally {
      await server.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    await eventually(() => assert.equal(redis.health().status, 'ok'));
  });

  test('close waits for running commands, rejects later ones, and does not wait for a frozen server', async () => {
    const redis = await open();
    const underWay = redis.command('PING');
    const closing = redis.close();
    assert.equal(await underWay, 'PONG');
    await closing;
    await assert.rejects(redis.command('PING'), (error) => assertUnavailable(error, 'closing'));
    await assert.rejects(redis.run('lead', [], []), (error) => assertUnavailable(error, 'closing'));

    const held = await open();
    server.signal('SIGSTOP');
    try {
      const call = held.command('PING');
      call.catch(() => {});
      await sleep(20);
      await held.close();
      await assert.rejects(call, EngineUnavailable);
    } finally {
      server.signal('SIGCONT');
    }
  });

  test('leaves no connection behind', async () => {
    const count = async () =>
      String(await server.command('CLIENT', 'LIST', 'TYPE', 'normal'))
        .trim()
        .split('\n').length;
    await eventually(async () => assert.equal(await count(), 1));
    const redis = await open();
    const reader = redis.reader();
    const waiting = reader.commandBytes('XREAD', 'BLOCK', '2000', 'STREAMS', redis.key('none'), '$');
    waiting.catch(() => {});
    await eventually(async () => assert.equal(await count(), 3));
    await redis.close();
    await assert.rejects(waiting, (error) => assertUnavailable(error, 'closing'));
    await eventually(async () => assert.equal(await count(), 1));
  });

  test('a start without a server, or with a wrong password, is refused in a sentence that names neither', async () => {
    await assert.rejects(Redis.open({ url: 'redis://127.0.0.1:1', prefix: 'p' }), StartRefused);
    const url = `redis://user:${SECRET}@127.0.0.1:${server.port}`;
    await assert.rejects(Redis.open({ url, prefix: 'p' }), (error: unknown) => {
      assert.ok(error instanceof StartRefused);
      assert.match(error.message, /password/);
      assert.doesNotMatch(error.message, new RegExp(SECRET));
      return true;
    });
  });
});

function assertUnavailable(error: unknown, code: UnavailableCode): true {
  assert.ok(error instanceof EngineUnavailable, String(error));
  assert.equal(error.code, code);
  assert.doesNotMatch(error.message, new RegExp(`${SECRET}|test:`), 'nothing that was sent');
  return true;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
