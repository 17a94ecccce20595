import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addMs, timestamp } from '../../src/core/time.ts';
import type { AcceptClaimer, ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld, settlement, type World } from '../conformance/world.ts';

const LEASE_MS = 15_000;

/** A claimer with room for `limit` deliveries that records what it was given and how many became durable. */
function claimerWith(limit: number): AcceptClaimer & { claimed: ClaimedDelivery[]; left: string[]; started: number } {
  const claimer = {
    claimed: [] as ClaimedDelivery[],
    left: [] as string[],
    started: 0,
    room: () =>
      limit - claimer.claimed.length > 0 ? { limit: limit - claimer.claimed.length, leaseMs: LEASE_MS } : null,
    committed: (claimed: readonly ClaimedDelivery[], left: Iterable<string>) => {
      claimer.claimed.push(...claimed);
      claimer.left.push(...left);
      return () => {
        claimer.started += claimed.length;
      };
    },
  };
  return claimer;
}

describe('deliveries that are claimed as they are accepted', () => {
  const world = (run: (world: World) => Promise<void>) => inWorld(newSqliteHarness, run);

  test(
    'as many as the claimer has room for are claimed, the others wait; claimed ones are settled as usual',
    world(async (world) => {
      const { organizationId, endpointId } = await world.lane();
      const claimer = claimerWith(2);
      world.engine.queue.claimOnAccept(claimer);
      const events = await world.accept(organizationId, 3);
      assert.deepEqual(
        claimer.claimed.map(({ event }) => event),
        events.slice(0, 2),
      );
      const [first, second] = claimer.claimed;
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
      assert.deepEqual(claimer.left, [endpointId]);
      assert.equal(claimer.started, 2, 'who is told that it is accepted may know it under way');
      const waiting = await world.take(endpointId);
      assert.deepEqual(
        waiting.map(({ event }) => event),
        events.slice(2),
        'nobody else gets those that were claimed',
      );
      assert.deepEqual(await world.engine.queue.settle([first, second].map((claimed) => settlement(claimed))), [
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
      world.engine.queue.claimOnAccept(claimerWith(1));
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
      const claimer = claimerWith(10);
      world.engine.queue.claimOnAccept(claimer);
      await world.accept(organizationId, 1, { deliverAt: timestamp(world.clock.now() + 1_000) });
      await world.accept(organizationId, 1, { orderingKey: 'a' });
      assert.equal(claimer.claimed.length, 0);
      const late = world.event(organizationId, { deliverAt: timestamp(world.clock.now() + 1_000) });
      await world.engine.intake.accept([late, world.event(organizationId)]);
      assert.equal(claimer.claimed.length, 0, 'a later one must not overtake it');
    }),
  );

  test(
    'duplicates and repeated events are not claimed; nothing is claimed after the end',
    world(async (world) => {
      const { organizationId } = await world.lane();
      const claimer = claimerWith(10);
      const end = world.engine.queue.claimOnAccept(claimer);
      const event = world.event(organizationId, { dedupId: 'one' });
      await world.engine.intake.accept([event]);
      await world.engine.intake.accept([event]);
      await world.engine.intake.accept([world.event(organizationId, { dedupId: 'one' })]);
      assert.equal(claimer.claimed.length, 1);
      end();
      await world.accept(organizationId);
      assert.equal(claimer.claimed.length, 1);
    }),
  );

  test(
    'a transaction that is undone takes nothing: its writes run again, each for itself',
    world(async (world) => {
      // A machine that pauses for 8 ms between the two writes runs them in two transactions.
      for (let tries = 1; ; tries++) {
        const { organizationId, endpointId } = await world.lane();
        const claimer = claimerWith(10);
        const end = world.engine.queue.claimOnAccept(claimer);
        const good = world.event(organizationId);
        const bad = { ...world.event(organizationId), data: null as never };
        const [accepted, refused] = await Promise.allSettled([
          world.engine.intake.accept([good]),
          world.engine.intake.accept([bad]),
        ]);
        end();
        assert.equal(accepted.status, 'fulfilled');
        assert.equal(refused.status, 'rejected');
        if (claimer.claimed.length > 0 && tries < 20) continue;
        assert.deepEqual(claimer.claimed, []);
        const [waiting] = await world.take(endpointId);
        assert.deepEqual(waiting?.event, good);
        return;
      }
    }),
  );
});
