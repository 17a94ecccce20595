import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs } from '../../src/core/time.ts';
import { eventFields } from '../../src/engines/redis-postgres/intake/event-fields.ts';
import { RedisIntake } from '../../src/engines/redis-postgres/intake/intake.ts';
import { RedisDeadLetters } from '../../src/engines/redis-postgres/recording/dead-letters.ts';
import { RedisEventStream } from '../../src/engines/redis-postgres/recording/event-stream.ts';
import type { StreamEntry } from '../../src/ports/record/event-stream.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';
import { inRedis, type RedisWorld } from './support.ts';

const GROUP = 'event-processors';

/** What is wrong, how it comes about, how it is told. */
const POISON: readonly [string, Readonly<Record<string, string | Buffer | null>>, RegExp][] = [
  ['no id', { id: null }, /id is missing/],
  ['an id that is no UUID', { id: 'x' }, /id is not a UUIDv7/],
  ['an id that is a random UUID', { id: '7c0f5c0e-4a2d-4f7e-9a57-0a6b1f6f2a11' }, /id is not a UUIDv7/],
  ['an id in capitals', { id: '019B0000-0000-7000-8000-00000000ABCD' }, /id is not a UUIDv7/],
  ['an id of the year 2100', { id: '03bb2cc3-d800-7000-8000-000000000000' }, /id is in the future/],
  ['no organization', { organization_id: null }, /organization_id is missing/],
  ['an organization that is none', { organization_id: "' OR 1=1" }, /organization_id is not a UUID/],
  ['no created_at', { created_at: null }, /created_at is missing/],
  ['a created_at that is no number', { created_at: 'yesterday' }, /created_at is not a whole number/],
  ['a created_at that is negative', { created_at: '-5' }, /created_at is not a whole number/],
  ['a deliver_at beyond all time', { deliver_at: '9'.repeat(30) }, /deliver_at is not a whole number/],
  ['hops that are no number', { hops: 'NaN' }, /hops is not a whole number/],
  ['a type that is none', { type: 'Ż x' }, /type is not an event type/],
  ['a type too long', { type: 'a'.repeat(256) }, /type is not an event type/],
  ['bad UTF-8 in data', { data: Buffer.from([0x22, 0xff, 0x22]) }, /data is not UTF-8/],
  ['bad UTF-8 in a dedup id', { dedup_id: Buffer.from([0xc3, 0x28]) }, /dedup_id is not UTF-8/],
  ['a NUL in an ordering key', { ordering_key: 'a\0b' }, /ordering_key contains a NUL/],
  ['a dedup id too long for an index', { dedup_id: 'x'.repeat(10_000) }, /dedup_id is too long/],
  ['an ordering key too long', { ordering_key: 'x'.repeat(600) }, /ordering_key is too long/],
  ['a traceparent too long', { traceparent: 'x'.repeat(10_000) }, /traceparent is too long/],
  ['data that is no JSON', { data: '{"a":' }, /data is not JSON/],
  ['data that is empty', { data: '' }, /data is not JSON/],
  ['data too large', { data: `"${'x'.repeat(256 * 1024)}"` }, /data is too large/],
];

describe('Redis event stream', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  const inWorld = (run: (world: RedisWorld) => Promise<void>) => inRedis(() => server, run);

  test(
    'every field comes back as it went in, the text of data to the byte',
    inWorld(async (world) => {
      const texts = [
        '1e400',
        '-0.0',
        '{"b":1,"a":2,"b":3}',
        '"\\u0000 \\ud800 é"',
        ' [ 1 ,\r\n 2 ] ',
        'null',
        '"żółć 🎉 \u2028"',
      ];
      const events = texts.map((data, n) =>
        world.event({
          data: data as JsonText,
          dedupId: n % 2 === 0 ? `a\n"b" ${n}` : null,
          orderingKey: n % 3 === 0 ? '' : 'ż',
          deliverAt: n % 2 === 0 ? addMs(world.clock.now(), 86_400_000) : null,
          traceparent: n % 4 === 0 ? '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' : null,
          hops: n,
        }),
      );
      await accept(world, events);
      assert.deepEqual(eventsOf(await stream(world).read(100, 0)), events);
    }),
  );

  test(
    'entries from before the group was made are read; a read waits for the first one and no longer',
    inWorld(async (world) => {
      const [one, two] = [world.event(), world.event()];
      await accept(world, [one]);
      const reader = stream(world);
      assert.deepEqual(eventsOf(await reader.read(10, 1_000)), [one]);
      assert.deepEqual(await reader.read(10, 0), []);
      const startedAt = performance.now();
      assert.deepEqual(await reader.read(10, 300), []);
      assert.ok(performance.now() - startedAt >= 290);
      const waiting = reader.read(10, 2_000);
      await sleep(100);
      await accept(world, [two]);
      assert.deepEqual(eventsOf(await waiting), [two]);
    }),
  );

  test(
    'two readers never get the same entry, and nothing is left out',
    inWorld(async (world) => {
      const events = Array.from({ length: 300 }, () => world.event());
      await accept(world, events);
      const read = async (reader: RedisEventStream) => {
        const seen: string[] = [];
        for (let entries = await reader.read(7, 0); entries.length > 0; entries = await reader.read(7, 0)) {
          seen.push(...eventsOf(entries).map(({ id }) => id));
        }
        return seen;
      };
      const seen = (await Promise.all([read(stream(world, 'a')), read(stream(world, 'b'))])).flat();
      assert.deepEqual(
        seen.sort(),
        events.map(({ id }) => id),
      );
    }),
  );

  test(
    'acknowledged entries leave the stream, also twice, also without memory',
    inWorld(async (world) => {
      await accept(world, [world.event(), world.event(), world.event()]);
      const reader = stream(world);
      const [first, ...rest] = await reader.read(10, 0);
      assert.ok(first);
      await reader.acknowledge([first]);
      await reader.acknowledge([first]);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 2);
      await world.fillMemory();
      await reader.acknowledge(rest);
      await reader.acknowledge([]);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 0);
      assert.equal(await pendingCount(world), 0);
    }),
  );

  test(
    'entries of a silent reader are claimed after the idle time, complete, by one reader',
    inWorld(async (world) => {
      const events = Array.from({ length: 25 }, () => world.event());
      await accept(world, events);
      const dead = stream(world, 'dead');
      assert.equal((await dead.read(100, 0)).length, 25);
      assert.deepEqual(await stream(world, 'early', 60_000).claim(10), []);
      const heirs = [stream(world, 'b', 200), stream(world, 'c', 200)];
      await sleep(250);
      const claimed: StreamEntry[] = [];
      for (let round = 0; round < 6; round++) {
        for (const heir of heirs) claimed.push(...(await heir.claim(5)));
      }
      assert.deepEqual(
        eventsOf(claimed).map(({ id }) => id),
        events.map(({ id }) => id),
      );
      await heirs[0]?.acknowledge(claimed);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 0);
    }),
  );

  test(
    'a claim finds entries left at the front of the stream',
    inWorld(async (world) => {
      await accept(world, [world.event(), world.event(), world.event()]);
      const dead = stream(world, 'dead');
      const heir = stream(world, 'heir', 0);
      await dead.read(2, 0);
      assert.equal((await heir.claim(1)).length, 1);
      // Its place is behind the first now; the first is left again.
      const held = await dead.claim(10);
      assert.ok(held.length <= 2);
      const found = new Set<string>();
      for (let round = 0; round < 4; round++) for (const { id } of await heir.claim(10)) found.add(id);
      assert.equal(found.size, 2);
    }),
  );

  test(
    'after a flush the group is created again and later entries are read',
    inWorld(async (world) => {
      const reader = stream(world);
      assert.deepEqual(await reader.read(10, 0), []);
      await server.command('FLUSHALL');
      const event = world.event();
      await accept(world, [event]);
      assert.deepEqual(eventsOf(await reader.read(10, 0)), [event]);

      const waiting = reader.read(10, 2_000);
      await sleep(100);
      await server.command('FLUSHALL');
      assert.deepEqual(await waiting, [], 'the wait goes on or ends, and is no error');
      const next = world.event();
      await accept(world, [next]);
      assert.deepEqual(eventsOf(await reader.read(10, 2_000)), [next]);
      await server.command('FLUSHALL');
      assert.deepEqual(await reader.claim(10), []);
      await reader.acknowledge([{ id: '1-1', place: { ms: 0, number: 0 }, content: { defect: 'x' } }]);
    }),
  );

  test(
    'a reader continues after the server was killed and restarted, with the entries it kept',
    inWorld(async (world) => {
      const reader = stream(world);
      const events = [world.event(), world.event()];
      await accept(world, events.slice(0, 1));
      const [first] = await reader.read(10, 0);
      assert.ok(first);
      const waiting = reader.read(10, 2_000);
      await sleep(100);
      await server.command('CONFIG', 'SET', 'appendfsync', 'always');
      await Promise.all([assert.rejects(waiting, EngineUnavailable), server.kill()]);
      await server.startAgain();
      await eventually(() => accept(world, events.slice(1)));
      const read = await eventually(() => reader.read(10, 0));
      assert.deepEqual(eventsOf(read), events.slice(1), 'the first is still this reader’s');
      await reader.acknowledge([first, ...read]);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 0);
    }),
  );

  for (const [what, change, defect] of POISON) {
    test(
      `an entry with ${what} is told apart and harms no other`,
      inWorld(async (world) => {
        const good = world.event();
        const fields = new Map(pairs(eventFields(world.event())));
        for (const [name, value] of Object.entries(change)) {
          if (value === null) fields.delete(name);
          else fields.set(name, value);
        }
        await world.redis.command('XADD', 'p:events', '*', ...[...fields].flat());
        await accept(world, [good]);
        const [bad, next] = await stream(world).read(10, 0);
        assert.ok(bad && 'defect' in bad.content, 'it passed for an event');
        assert.match(bad.content.defect, defect);
        assert.ok(bad.content.defect.length < 100 && /^[\x20-\x7e]*$/.test(bad.content.defect));
        assert.deepEqual(next?.content, { event: good });
      }),
    );
  }

  test(
    'fields of another version are passed over, whatever they hold',
    inWorld(async (world) => {
      const event = world.event();
      const extra = ['later', 'x\0y', Buffer.from([0xff, 0xfe]), Buffer.from([0xff])];
      await world.redis.command('XADD', 'p:events', '*', ...eventFields(event), ...extra);
      assert.deepEqual(eventsOf(await stream(world).read(10, 0)), [event]);
    }),
  );

  test(
    'dead letters are kept byte for byte with their reason, can be requeued unchanged, and can be dropped',
    inWorld(async (world) => {
      const reader = stream(world);
      const dead = new RedisDeadLetters(world.redis);
      const raw = ['reason', 'its own', 'id', Buffer.from([0xff, 0x00, 0x0a])];
      await world.redis.command('XADD', 'p:events', '*', ...raw);
      const event = world.event();
      await accept(world, [event]);
      const entries = await reader.read(10, 0);
      await world.fillMemory();
      await reader.moveToDeadLetters(entries.map((entry, n) => ({ entry, reason: `because ${n}` })));
      await reader.moveToDeadLetters(entries.map((entry) => ({ entry, reason: 'again' })));
      await world.makeRoom();
      assert.equal(await world.redis.command('XLEN', 'p:events'), 0);
      assert.equal(await pendingCount(world), 0);
      assert.equal(await dead.count(), 2);
      const listed = await dead.list(10, null);
      assert.deepEqual(
        listed.map(({ reason, deadLetteredAt }) => [reason, deadLetteredAt]),
        [
          ['because 0', world.clock.now()],
          ['because 1', world.clock.now()],
        ],
      );
      assert.deepEqual(
        [listed[1]?.eventId, listed[1]?.organizationId, listed[1]?.type],
        [event.id, event.organizationId, event.type],
      );
      assert.deepEqual(await dead.list(10, listed[0]?.id ?? null), listed.slice(1));
      assert.equal((await dead.list(1, null)).length, 1);

      assert.equal(await dead.requeue([listed[0]?.id ?? '', '1-1']), 1);
      assert.equal(await dead.requeue([listed[0]?.id ?? '']), 0);
      const back = (await world.redis.commandBytes('XRANGE', 'p:events', '-', '+')) as [Buffer, Buffer[]][];
      assert.deepEqual(
        back[0]?.[1],
        raw.map((word) => Buffer.from(word)),
      );
      assert.equal(await dead.requeue('all'), 1);
      assert.equal(await dead.count(), 0);
      const again = await reader.read(10, 0);
      assert.deepEqual(again[1]?.content, { event });
      await reader.moveToDeadLetters(again.map((entry) => ({ entry, reason: 'x' })));
      const [one] = await dead.list(1, null);
      assert.equal(await dead.drop([one?.id ?? '']), 1);
      assert.equal(await dead.drop('all'), 1);
      assert.deepEqual(await dead.list(10, null), []);
    }),
  );

  test(
    'an entry with more fields than Lua can pass is moved to the dead letters, together with the rest of its call',
    inWorld(async (world) => {
      const many = Array.from({ length: 6_000 }, (_, n) => [`f${n}`, 'v']).flat();
      await world.redis.command('XADD', 'p:events', '*', ...many);
      await accept(world, [world.event()]);
      const reader = stream(world);
      const entries = await reader.read(10, 0);
      await reader.moveToDeadLetters(entries.map((entry) => ({ entry, reason: 'odd' })));
      assert.equal(await world.redis.command('XLEN', 'p:events'), 0);
      const dead = new RedisDeadLetters(world.redis);
      assert.deepEqual(
        (await dead.list(10, null)).map(({ reason }) => reason),
        ['odd', 'odd'],
      );
      assert.equal(await dead.requeue('all'), 2);
    }),
  );

  test(
    'many dead events are listed, requeued and dropped in steps, those that come meanwhile stay',
    inWorld(async (world) => {
      const events = Array.from({ length: 250 }, () => world.event());
      await accept(world, events);
      const reader = stream(world);
      const entries = await reader.read(1_000, 0);
      await reader.moveToDeadLetters(entries.map((entry) => ({ entry, reason: 'x' })));
      const dead = new RedisDeadLetters(world.redis);
      assert.equal(await dead.requeue('all'), 250);
      assert.deepEqual(eventsOf(await reader.read(1_000, 0)), events);
    }),
  );

  test(
    'idle consumers without entries are removed; live ones and those with entries are kept',
    inWorld(async (world) => {
      const reader = stream(world, 'live');
      await accept(world, [world.event()]);
      await reader.read(1, 0);
      await world.redis.command('XGROUP', 'CREATECONSUMER', 'p:events', GROUP, 'young');
      const names = async () => {
        const rows = (await world.redis.command('XINFO', 'CONSUMERS', 'p:events', GROUP)) as Record<string, unknown>[];
        return rows.map(({ name }) => String(name)).sort();
      };
      const forget = (idleMs: number) =>
        world.redis.run('forget-consumers', ['p:events'], [GROUP, 'self', String(idleMs)]);
      assert.equal(await forget(3_600_000), 0);
      assert.deepEqual(await names(), ['live', 'young']);
      await sleep(20);
      await world.fillMemory();
      assert.equal(await forget(10), 1, 'nothing is held by the young one');
      assert.deepEqual(await names(), ['live']);
      await world.makeRoom();
      assert.equal(await world.redis.run('forget-consumers', ['p:none'], [GROUP, 'self', '0']), 0);
    }),
  );

  test(
    'a reader that is closed while it waits says so, and goes at once',
    inWorld(async (world) => {
      const reader = stream(world);
      await reader.read(1, 0);
      const waiting = reader.read(1, 2_000);
      await sleep(100);
      reader.close();
      // The end of its wait would be an empty answer.
      await assert.rejects(waiting, (error: unknown) => error instanceof EngineUnavailable && error.code === 'closing');
    }),
  );
});

function stream(world: RedisWorld, consumer = 'me', claimIdleMs = 0): RedisEventStream {
  return world.use(new RedisEventStream({ redis: world.redis, consumer, clock: world.clock, claimIdleMs }));
}

async function accept(world: RedisWorld, events: readonly AcceptedEvent[]): Promise<void> {
  const intake = new RedisIntake({ redis: world.redis, clock: world.clock, dedupWindowMs: 60_000, maxBacklog: null });
  const outcomes = await intake.accept(events);
  assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['accepted']));
}

function eventsOf(entries: readonly StreamEntry[]): AcceptedEvent[] {
  return entries.map(({ content }) => ('event' in content ? content.event : assert.fail(content.defect)));
}

async function pendingCount(world: RedisWorld): Promise<number> {
  const [count] = (await world.redis.command('XPENDING', 'p:events', GROUP)) as [number];
  return count;
}

function* pairs(words: readonly string[]): Iterable<[string, string | Buffer]> {
  for (let at = 0; at + 1 < words.length; at += 2) yield [words[at] ?? '', words[at + 1] ?? ''];
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
