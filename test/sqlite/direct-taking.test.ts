import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addMs, timestamp } from '../../src/core/time.ts';
import type { AcceptClaimer, ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld, settlement, type World } from '../conformance/world.ts';

const LEASE_MS = 15_000;

/** Has room for so many, and remembers what it was given and when it could begin. */
function takerWith(most: number): AcceptClaimer & { taken: ClaimedDelivery[]; left: string[]; started: number } {
  const taker = {
    taken: [] as ClaimedDelivery[],
    left: [] as string[],
    started: 0,
    room: () => (most - taker.taken.length > 0 ? { most: most - taker.taken.length, leaseMs: LEASE_MS } : null),
    committed: (taken: readonly ClaimedDelivery[], left: Iterable<string>) => {
      taker.taken.push(...taken);
      taker.left.push(...left);
      return () => {
        taker.started += taken.length;
      };
    },
  };
  return taker;
}

describe('deliveries that are taken as they are accepted', () => {
  const world = (run: (world: World) => Promise<void>) => inWorld(newSqliteHarness, run);

  test(
    'as many as there is room for are taken, the others wait; what was taken is settled as ever',
    world(async (world) => {
      const { organizationId, endpointId } = await world.lane();
      const taker = takerWith(2);
      world.engine.queue.claimOnAccept(taker);
      const events = await world.accept(organizationId, 3);
      assert.deepEqual(
        taker.taken.map(({ event }) => event),
        events.slice(0, 2),
      );
      const [first, second] = taker.taken;
      assert.ok(first && second);
      assert.deepEqual(first, {
        id: first.id,
        organizationId,
        endpointId,
        event: events[0],
        attemptNumber: 1,
        failures: 0,
        origin: null,
        leasedUntil: addMs(world.clock.now(), LEASE_MS),
      });
      assert.deepEqual(taker.left, [endpointId]);
      assert.equal(taker.started, 2, 'who is told that it is accepted may know it under way');
      const waiting = await world.take(endpointId);
      assert.deepEqual(
        waiting.map(({ event }) => event),
        events.slice(2),
        'nobody else gets those that were taken',
      );
      assert.deepEqual(await world.engine.queue.settle([first, second].map((taken) => settlement(taken))), [
        'settled',
        'settled',
      ]);
      const delivery = await world.engine.store.deliveries.get(organizationId, first.id);
      assert.equal(delivery?.status, 'delivered');
      assert.equal(delivery?.attempts, 1);
    }),
  );

  test(
    'a lease that ran out is found, and a killed process leaves an interrupted attempt',
    world(async (world) => {
      const { organizationId, endpointId } = await world.lane();
      world.engine.queue.claimOnAccept(takerWith(1));
      const [event] = await world.accept(organizationId);
      assert.deepEqual(await world.take(endpointId), []);
      world.clock.advance(LEASE_MS);
      const [again] = await world.take(endpointId);
      assert.deepEqual(again?.event, event);
      assert.equal(again?.attemptNumber, 2);
      const attempts = await world.engine.store.deliveries.attempts(organizationId, again?.id ?? ('' as never));
      assert.deepEqual(
        attempts.map(({ number, error }) => [number, error]),
        [[1, 'interrupted']],
      );
    }),
  );

  test(
    'none of those that have a time, an order, or a lane in which something was left',
    world(async (world) => {
      const { organizationId } = await world.lane();
      const taker = takerWith(10);
      world.engine.queue.claimOnAccept(taker);
      await world.accept(organizationId, 1, { deliverAt: timestamp(world.clock.now() + 1_000) });
      await world.accept(organizationId, 1, { orderingKey: 'a' });
      assert.equal(taker.taken.length, 0);
      const late = world.event(organizationId, { deliverAt: timestamp(world.clock.now() + 1_000) });
      await world.engine.intake.accept([late, world.event(organizationId)]);
      assert.equal(taker.taken.length, 0, 'a later one must not overtake it');
    }),
  );

  test(
    'a duplicate is not taken, nor the same event again; nobody takes after the end',
    world(async (world) => {
      const { organizationId } = await world.lane();
      const taker = takerWith(10);
      const end = world.engine.queue.claimOnAccept(taker);
      const event = world.event(organizationId, { dedupId: 'one' });
      await world.engine.intake.accept([event]);
      await world.engine.intake.accept([event]);
      await world.engine.intake.accept([world.event(organizationId, { dedupId: 'one' })]);
      assert.equal(taker.taken.length, 1);
      end();
      await world.accept(organizationId);
      assert.equal(taker.taken.length, 1);
    }),
  );

  test(
    'a transaction that is undone takes nothing: its writes run again, each for itself',
    world(async (world) => {
      const { organizationId, endpointId } = await world.lane();
      const taker = takerWith(10);
      world.engine.queue.claimOnAccept(taker);
      const good = world.event(organizationId);
      const bad = { ...world.event(organizationId), data: null as never };
      const [accepted, refused] = await Promise.allSettled([
        world.engine.intake.accept([good]),
        world.engine.intake.accept([bad]),
      ]);
      assert.equal(accepted.status, 'fulfilled');
      assert.equal(refused.status, 'rejected');
      assert.deepEqual(taker.taken, []);
      const [waiting] = await world.take(endpointId);
      assert.deepEqual(waiting?.event, good);
    }),
  );
});
