import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Activity, DeliveryActivity, DroppedCounts } from '../../src/core/events/activity.ts';
import type { EndpointId, OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import type { BusMessage } from '../../src/ports/coordination/bus.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { eventually } from '../support/service.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, WHOLE_LIST, type World } from './world.ts';

export function smallPortsContract(newHarness: NewHarness): void {
  describe('RateLimiter', () => {
    test(
      'holds a minute’s worth, grants what is there, fills evenly',
      inWorld(newHarness, async ({ engine: { rateLimiter }, clock }) => {
        const id = 'org' as OrganizationId;
        const take = (tokens: number) => rateLimiter.take(id, 60, tokens);
        assert.deepEqual(await take(50), {
          granted: 50,
          limit: 60,
          remaining: 10,
          resetSeconds: 50,
          retryAfterSeconds: 0,
        });
        assert.deepEqual(await take(20), {
          granted: 10,
          limit: 60,
          remaining: 0,
          resetSeconds: 60,
          retryAfterSeconds: 1,
        });
        assert.equal((await take(1)).granted, 0);
        clock.advance(500);
        assert.equal((await take(1)).granted, 0);
        clock.advance(500);
        assert.equal((await take(5)).granted, 1);
        clock.advance(3_600_000);
        assert.deepEqual(await take(100), {
          granted: 60,
          limit: 60,
          remaining: 0,
          resetSeconds: 60,
          retryAfterSeconds: 1,
        });
      }),
    );

    test(
      'one organization never takes from another, and the clock set back takes nothing away',
      inWorld(newHarness, async ({ engine: { rateLimiter }, clock }) => {
        const [ours, theirs] = ['ours' as OrganizationId, 'theirs' as OrganizationId];
        await rateLimiter.take(ours, 10, 10);
        assert.equal((await rateLimiter.take(theirs, 10, 10)).granted, 10);
        clock.setBack(3_600_000);
        clock.advance(6_000);
        assert.equal((await rateLimiter.take(ours, 10, 10)).granted, 1);
      }),
    );
  });

  describe('Bus', () => {
    test(
      'has told every listener in this process when it resolves, and tells nobody who has gone',
      inWorld(newHarness, async ({ engine: { bus } }) => {
        const message: BusMessage = {
          kind: 'endpoints_changed',
          organizationId: 'org' as OrganizationId,
          endpointId: 'endpoint' as EndpointId,
        };
        const seen: [string, BusMessage][] = [];
        const stop = bus.subscribe((one) => seen.push(['first', one]));
        bus.subscribe((one) => seen.push(['second', one]));
        await bus.publish(message);
        assert.deepEqual(seen, [
          ['first', message],
          ['second', message],
        ]);
        stop();
        await bus.publish(message);
        assert.equal(seen.length, 3);
      }),
    );
  });

  describe('ActivityFeed', () => {
    test(
      'tells whoever watches an organization what happens to it, whole, and nobody else',
      inWorld(newHarness, async (world) => {
        const { activity } = world.engine;
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const [one, two, foreign] = [watch(), watch(), watch()];
        const endOne = await activity.subscribe(ours, one.listener);
        await activity.subscribe(ours, two.listener);
        await activity.subscribe(theirs, foreign.listener);
        const data = '{"odd" :\n"\\ud800é\\/😀", "n":12345678901234567890}' as JsonText;
        const event = world.event(ours, { data, dedupId: 'd', deliverAt: world.clock.now() });
        const delivery = deliveryNews(world, ours);
        activity.publish([{ kind: 'event', event }]);
        activity.publish([{ kind: 'delivery', delivery }]);
        for (const { seen } of [one, two]) {
          await eventually(() => assert.equal(seen.length, 2));
          assert.deepEqual(seen, [
            { kind: 'event', event },
            { kind: 'delivery', delivery },
          ]);
        }
        endOne();
        const last = world.event(theirs);
        activity.publish([
          { kind: 'delivery', delivery },
          { kind: 'event', event: last },
        ]);
        await eventually(() => assert.equal(two.seen.length, 3));
        await eventually(() => assert.deepEqual(foreign.seen, [{ kind: 'event', event: last }]));
        assert.equal(one.seen.length, 2);
      }),
    );

    test(
      'what happens after a subscription is told, however often others come and go',
      inWorld(newHarness, async (world) => {
        const { activity } = world.engine;
        const ours = await world.organization();
        for (let round = 0; round < 20; round++) {
          const { seen, listener } = watch();
          const end = await activity.subscribe(ours, listener);
          const event = world.event(ours);
          activity.publish([{ kind: 'event', event }]);
          await eventually(() => assert.deepEqual(seen, [{ kind: 'event', event }]));
          end();
        }
      }),
    );

    test(
      'counts what it does not tell when there is too much, and tells again in the next second',
      inWorld(newHarness, async (world) => {
        const { activity } = world.engine;
        const ours = await world.organization();
        const { seen, dropped, listener } = watch();
        await activity.subscribe(ours, listener);
        const publish = (count: number) =>
          activity.publish(Array.from({ length: count }, () => ({ kind: 'event', event: world.event(ours) }) as const));
        const told = () => seen.length + dropped.reduce((sum, { event }) => sum + (event ?? 0), 0);
        publish(1_500);
        await eventually(() => assert.equal(told(), 1_500));
        assert.equal(seen.length, 1_000);
        activity.publish([{ kind: 'delivery', delivery: deliveryNews(world, ours) }]);
        await eventually(() => assert.deepEqual(dropped.at(-1), { event: 0, delivery: 1 }));
        world.clock.advance(1_000);
        publish(1);
        await eventually(() => assert.equal(seen.length, 1_001));
      }),
    );
  });

  describe('Engine', () => {
    test(
      'knows the highest event id on record, of whatever organization',
      inWorld(newHarness, async (world) => {
        assert.equal(world.engine.lastEventId, null);
        const [one, two] = [await world.organization(), await world.organization()];
        await world.accept(one, 3);
        const last = (await world.accept(two, 3)).at(-1);
        await world.accept(one, 0);
        assert.equal((await world.reopen()).lastEventId, last?.id);
        const after = (await world.accept(one, 1)).at(-1);
        assert.equal((await world.reopen()).lastEventId, after?.id);
      }),
    );

    test(
      'finishes what was begun when it closes, and refuses what comes later',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(1);
        const { engine } = world;
        const accepts = Array.from({ length: 20 }, () => engine.intake.accept([world.event(organizationId)]));
        const closing = world.close();
        for (const accept of accepts) assert.deepEqual(await accept, [{ kind: 'accepted' }]);
        await closing;
        const isClosing = (error: unknown) => error instanceof EngineUnavailable && error.code === 'closing';
        await assert.rejects(engine.intake.accept([world.event(organizationId)]), isClosing);
        await assert.rejects(engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null }), isClosing);
        await engine.close();
        await world.open();
        const events = await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null });
        assert.equal(events.length, 20);
      }),
    );

    test(
      'is well',
      inWorld(newHarness, async ({ engine }) => {
        assert.deepEqual(engine.health(), { status: 'ok', reason: null });
      }),
    );
  });
}

function watch() {
  const seen: Activity[] = [];
  const dropped: DroppedCounts[] = [];
  return {
    seen,
    dropped,
    listener: {
      onActivities: (activities: readonly Activity[]) => void seen.push(...activities),
      onDropped: (counts: DroppedCounts) => void dropped.push(counts),
    },
  };
}

function deliveryNews(world: World, organizationId: OrganizationId): DeliveryActivity {
  return {
    id: world.ids.next(),
    organizationId,
    eventId: world.ids.next(),
    endpointId: world.ids.next(),
    eventType: 'order.created',
    status: 'retrying',
    attempts: 1,
    nextAttemptAt: world.clock.now(),
    lastStatusCode: 500,
    lastError: 'status',
    at: world.clock.now(),
  };
}
