import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { DedupMarks } from '../../src/engines/redis-postgres/intake/dedup-marks.ts';
import { RedisIntake } from '../../src/engines/redis-postgres/intake/intake.ts';
import type { AcceptOutcome } from '../../src/ports/record/intake.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { RedisServer } from '../support/redis-server.ts';
import { eventually } from '../support/service.ts';
import { inRedis, type RedisWorld } from './support.ts';

const WINDOW_MS = 60_000;
const ACCEPTED: AcceptOutcome = { kind: 'accepted' };
const isStorageFailed = (error: unknown) => error instanceof EngineUnavailable && error.code === 'storage_failed';
const isUnreachable = (error: unknown) => error instanceof EngineUnavailable && error.code === 'unreachable';

describe('Redis intake', () => {
  let server: RedisServer;
  before(async () => {
    server = await RedisServer.start();
  });
  after(() => server.stop());
  const inWorld = (run: (world: RedisWorld) => Promise<void>) => inRedis(() => server, run);
  const intakeOf = (world: RedisWorld, maxBacklog: number | null = null) =>
    world.use(new RedisIntake({ redis: world.redis, clock: world.clock, dedupWindowMs: WINDOW_MS, maxBacklog }));

  test(
    'writes readable entries, without absent fields',
    inWorld(async (world) => {
      const event = world.event({
        dedupId: 'a: b\n"c" ż',
        deliverAt: world.clock.now(),
        data: '{"ż":"\\u0000"}' as JsonText,
      });
      assert.deepEqual(await intakeOf(world).accept([event]), [ACCEPTED]);
      const [entry] = (await world.redis.command('XRANGE', 'p:events', '-', '+')) as [string, string[]][];
      assert.deepEqual(entry?.[1], [
        ...['id', event.id, 'organization_id', event.organizationId, 'type', event.type, 'data', event.data],
        ...['created_at', String(event.createdAt), 'hops', '0', 'dedup_id', 'a: b\n"c" ż'],
        ...['deliver_at', String(event.deliverAt)],
      ]);
      const mark = await world.redis.command('GET', `p:dedup:${event.organizationId}:a: b\n"c" ż`);
      assert.equal(mark, `${event.id} ${event.createdAt} ${world.clock.now() + WINDOW_MS}`);
    }),
  );

  test(
    'a mark counts by the engine’s clock to its very end, and Redis keeps it longer',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      const first = world.event({ dedupId: 'd' });
      assert.deepEqual(await intake.accept([first]), [ACCEPTED]);
      world.clock.advance(WINDOW_MS - 1);
      const duplicate = { kind: 'duplicate', id: first.id, createdAt: first.createdAt };
      assert.deepEqual(await intake.accept([world.event({ dedupId: 'd' })]), [duplicate]);
      assert.deepEqual(await intake.accept([first]), [ACCEPTED], 'the same event again');
      const left = Number(await world.redis.command('PTTL', `p:dedup:${first.organizationId}:d`));
      assert.ok(left > WINDOW_MS && left <= WINDOW_MS + 60_000);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 1);
      world.clock.advance(1);
      assert.deepEqual(await intake.accept([world.event({ dedupId: 'd' })]), [ACCEPTED]);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 2);
    }),
  );

  test(
    'a malformed dedup mark is harmless',
    inWorld(async (world) => {
      for (const nonsense of ['', 'x', 'a b c', '\0']) {
        await world.redis.command('SET', `p:dedup:${world.organizationId}:d`, nonsense);
        const events = [world.event({ dedupId: 'd' }), world.event()];
        assert.deepEqual(await intakeOf(world).accept(events), [ACCEPTED, ACCEPTED]);
      }
    }),
  );

  test(
    'many calls at once: outcomes in order, one winner a dedup id, far fewer script calls than events',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      await intake.accept([world.event()]);
      const events = Array.from({ length: 1_000 }, (_, n) => world.event({ dedupId: `d${n % 100}` }));
      let outcomes: AcceptOutcome[] = [];
      const commands = await world.commandsDuring(async () => {
        outcomes = (await Promise.all(events.map((event) => intake.accept([event])))).flat();
      });
      const accepted = events.filter((_, n) => outcomes[n]?.kind === 'accepted');
      assert.deepEqual(accepted, events.slice(0, 100));
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome.kind === 'duplicate') assert.equal(outcome.id, events[n % 100]?.id);
      }
      assert.equal(await world.redis.command('XLEN', 'p:events'), 101);
      // Groups of 200; the first event may go alone.
      assert.ok(commands.length <= 6, `${commands}`);
    }),
  );

  test(
    'groups are bounded in bytes: large events go in several calls, all of them',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      const data = JSON.stringify('x'.repeat(256 * 1024 - 2)) as JsonText;
      await intake.accept([world.event()]);
      const events = Array.from({ length: 40 }, () => world.event({ data }));
      const before = await world.scriptCalls();
      const outcomes = await intake.accept(events);
      assert.equal(outcomes.filter(({ kind }) => kind === 'accepted').length, 40);
      const calls = (await world.scriptCalls()) - before;
      // 15 fit in 4 MiB; the first event may go alone.
      assert.ok(calls >= 3 && calls <= 4, `${calls}`);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 41);
    }),
  );

  test(
    'while Redis is silent a bounded amount of memory waits; further events are refused at once',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      const data = JSON.stringify('x'.repeat(256 * 1024 - 2)) as JsonText;
      const events = Array.from({ length: 300 }, () => world.event({ data }));
      server.signal('SIGSTOP');
      try {
        const calls = events.map((event) => intake.accept([event]));
        const refused: boolean[] = [];
        for (const call of calls) call.catch(({ message }) => refused.push(/does not keep up/.test(message)));
        await assert.rejects(calls.at(-1) ?? Promise.resolve(), isUnreachable);
        assert.ok(refused.length >= 30 && refused.length < 150, `${refused.length} refused at once`);
        assert.deepEqual(new Set(refused), new Set([true]), 'before any that waited for Redis');
        // All have their answer while it is silent.
        assert.deepEqual(new Set((await Promise.allSettled(calls)).map(({ status }) => status)), new Set(['rejected']));
      } finally {
        server.signal('SIGCONT');
      }
      await eventually(async () => assert.deepEqual(await intake.accept([world.event()]), [ACCEPTED]));
    }),
  );

  test(
    'a full backlog counts the stream and the lanes, and knows duplicates all the same',
    inWorld(async (world) => {
      const intake = intakeOf(world, 5);
      await world.redis.command('SET', 'p:webhook-deliveries:waiting', '2');
      const events = [world.event({ dedupId: 'a' }), world.event(), world.event(), world.event({ dedupId: 'late' })];
      const kinds = async (list: typeof events) => (await intake.accept(list)).map(({ kind }) => kind);
      assert.deepEqual(await kinds(events), ['accepted', 'accepted', 'accepted', 'backlog_full']);
      assert.deepEqual(await kinds([world.event({ dedupId: 'a' })]), ['duplicate']);
      assert.equal(await world.redis.command('EXISTS', `p:dedup:${world.organizationId}:late`), 0);
      await world.redis.command('SET', 'p:webhook-deliveries:waiting', '0');
      assert.deepEqual(await kinds([world.event({ dedupId: 'late' })]), ['accepted']);
    }),
  );

  test(
    'at maxmemory nothing is accepted or marked; afterwards it continues',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      const event = world.event({ dedupId: 'd' });
      await world.fillMemory();
      await assert.rejects(intake.accept([world.event(), event]), isStorageFailed);
      await world.makeRoom();
      assert.equal(await world.redis.command('DBSIZE'), 0);
      assert.deepEqual(await intake.accept([event]), [ACCEPTED]);
    }),
  );

  test(
    'goes on after the server lost its scripts, its memory, its connection',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      await intake.accept([world.event()]);
      await server.command('SCRIPT', 'FLUSH');
      assert.deepEqual(await intake.accept([world.event()]), [ACCEPTED]);
      await server.command('FLUSHALL');
      assert.deepEqual(await intake.accept([world.event()]), [ACCEPTED]);
      assert.equal(await world.redis.command('XLEN', 'p:events'), 1);
      await server.kill();
      await server.startAgain();
      await eventually(async () => assert.deepEqual(await intake.accept([world.event()]), [ACCEPTED]));
      assert.ok(Number(await world.redis.command('XLEN', 'p:events')) >= 1);
    }),
  );

  test(
    'an answer that was lost on the way: the same events again are there once where they have a dedup id',
    inWorld(async (world) => {
      const intake = intakeOf(world);
      const events = [world.event({ dedupId: 'one' }), world.event({ dedupId: 'two' })];
      server.signal('SIGSTOP');
      const lost = intake.accept(events);
      await assert.rejects(lost, isUnreachable);
      server.signal('SIGCONT');
      await eventually(async () => assert.deepEqual(await intake.accept(events), [ACCEPTED, ACCEPTED]));
      assert.equal(await world.redis.command('XLEN', 'p:events'), 2);
    }),
  );

  test(
    'marks that were lost are put back, those that are there stay, those that are over do not come back',
    inWorld(async (world) => {
      const marks = new DedupMarks({ redis: world.redis, clock: world.clock });
      const { organizationId } = world;
      const intake = intakeOf(world);
      const kept = world.event({ dedupId: 'kept' });
      await intake.accept([kept]);
      const lost = world.event({ dedupId: 'lost: *' });
      const expiresAt = world.clock.now();
      const mark = (event: typeof lost, ms: number) => ({
        organizationId,
        dedupId: event.dedupId ?? '',
        eventId: event.id,
        createdAt: event.createdAt,
        expiresAt: (expiresAt + ms) as typeof expiresAt,
      });
      const old = world.event({ dedupId: 'old' });
      const other = world.event({ dedupId: 'kept' });
      assert.equal(await marks.restore([mark(lost, 500), mark(other, 500), mark(old, 0)]), 1);
      const outcomes = await intake.accept(['lost: *', 'kept', 'old'].map((dedupId) => world.event({ dedupId })));
      assert.deepEqual(
        outcomes.map((outcome) => ('id' in outcome ? outcome.id : outcome.kind)),
        [lost.id, kept.id, 'accepted'],
      );
      world.clock.advance(500);
      assert.deepEqual(await intake.accept([world.event({ dedupId: 'lost: *' })]), [ACCEPTED]);
    }),
  );
});
