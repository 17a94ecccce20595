import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import type { ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, settlement, type World } from './world.ts';

/** Limits of a lane that hold over all takers: order, concurrency, rate. */
export function laneLimitsContract(newHarness: NewHarness): void {
  describe('DeliveryQueue: order', () => {
    test(
      'those of one key go one after the other as accepted, the first one retried first; keys go side by side',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [a1, b1, a2, free, a3] = await acceptKeys(world, organizationId, ['a', 'b', 'a', null, 'a']);
        const first = await world.take(endpointId);
        assert.deepEqual(events(first), [a1, b1, free]);
        assert.deepEqual(await world.take(endpointId), [], 'nobody else gets those behind them');
        const [ofA, ofB] = first;
        assert.ok(ofA && ofB);
        const retryAt = addMs(world.clock.now(), 5_000);
        await settle(world, [settlement(ofB), settlement(ofA, { retryAt })]);
        assert.deepEqual(await world.take(endpointId), []);
        world.clock.advance(5_000);
        const [again] = await world.take(endpointId);
        assert.deepEqual(again?.event, a1);
        assert.ok(again);
        await settle(world, [settlement(again, { status: 'failed' })]);
        const [second] = await world.take(endpointId);
        assert.deepEqual(second?.event, a2, 'a failed one is passed over');
        assert.ok(second);
        await settle(world, [settlement(second)]);
        const [third] = await world.take(endpointId);
        assert.deepEqual(third?.event, a3);
        assert.ok(third);
        await settle(world, [settlement(third)]);
        const [later] = await acceptKeys(world, organizationId, ['a']);
        assert.deepEqual(events(await world.take(endpointId)), [later], 'an empty order begins anew');
      }),
    );

    test(
      'a failed one that blocks holds up its key alone, those that come later too',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [, , b1] = await acceptKeys(world, organizationId, ['a', 'a', 'b']);
        const [ofA, ofB] = await world.take(endpointId);
        assert.ok(ofA && ofB);
        await settle(world, [settlement(ofA, { status: 'failed', blocksOrder: true })]);
        await acceptKeys(world, organizationId, ['a']);
        assert.deepEqual(await world.take(endpointId), []);
        assert.deepEqual(ofB.event, b1);
        await settle(world, [settlement(ofB)]);
        const [b2] = await acceptKeys(world, organizationId, ['b']);
        assert.deepEqual(events(await world.take(endpointId)), [b2]);
        const { queue } = world.engine;
        assert.deepEqual([await queue.unblock(endpointId, 10), await queue.unblock(endpointId, 10)], [1, 0]);
        assert.equal((await world.take(endpointId)).length, 1, 'let on by hand');
      }),
    );

    test(
      'one that is given back, or whose lease ran out, keeps its turn',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [a1] = await acceptKeys(world, organizationId, ['a', 'a']);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const dueAt = world.clock.now();
        await world.engine.queue.release([{ deliveryId: taken.id, attemptNumber: taken.attemptNumber, dueAt }]);
        const [again] = await world.take(endpointId);
        assert.deepEqual(again?.event, a1);
        world.clock.advance(20_000);
        assert.deepEqual(events(await world.take(endpointId)), [a1]);
      }),
    );

    test(
      'many takers and much that comes meanwhile: each key in order, nothing left behind',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const keys = ['a', 'b', 'c'];
        const accepted: AcceptedEvent[] = [];
        const seen: AcceptedEvent[] = [];
        const accepting = (async () => {
          for (let round = 0; round < 15; round++) {
            accepted.push(...(await acceptKeys(world, organizationId, [...keys, ...keys])));
          }
        })();
        const held = new Set<string | null>();
        const taker = async () => {
          while (seen.length < 90) {
            for (const delivery of await world.take(endpointId, 2)) {
              const key = delivery.event.orderingKey;
              assert.ok(!held.has(key), 'two of one key at once');
              held.add(key);
              seen.push(delivery.event);
              await new Promise((resolve) => setTimeout(resolve, 1));
              held.delete(key);
              await settle(world, [settlement(delivery)]);
            }
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        };
        await Promise.all([accepting, taker(), taker(), taker()]);
        for (const key of keys) {
          const of = (list: readonly AcceptedEvent[]) => list.filter(({ orderingKey }) => orderingKey === key);
          assert.deepEqual(
            of(seen).map(({ id }) => id),
            of(accepted).map(({ id }) => id),
          );
        }
      }),
    );

    test(
      'the end of an endpoint ends those that wait for their turn; what comes after it goes at once',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await acceptKeys(world, organizationId, ['a', 'a', 'b', 'b', 'a']);
        const { endpoints } = world.engine.store;
        let ended = 0;
        for (let step = 1; step > 0; ended += step) {
          step = await endpoints.endWaiting(endpointId, 'skipped', world.clock.now(), 2);
        }
        assert.equal(ended, 5);
        assert.equal((await world.engine.queue.depth()).waiting, 0);
        const [later] = await acceptKeys(world, organizationId, ['a']);
        assert.deepEqual(events(await world.take(endpointId)), [later]);
      }),
    );

    test(
      'an order goes on where it was after a restart',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [a1, a2] = await acceptKeys(world, organizationId, ['a', 'a']);
        await world.reopen();
        const [first] = await world.take(endpointId);
        assert.deepEqual(first?.event, a1);
        assert.ok(first);
        await settle(world, [settlement(first)]);
        assert.deepEqual(events(await world.take(endpointId)), [a2]);
      }),
    );
  });

  describe('DeliveryQueue: concurrency and rate', () => {
    test(
      'takers together hold no more of a lane than it allows',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 10);
        const limits = { maxLeased: 3, ratePerSecond: null };
        const lanes = await Promise.all([1, 2, 3].map(() => world.takeLimited(endpointId, limits, 2)));
        const taken = lanes.flatMap(({ deliveries }) => deliveries);
        assert.equal(taken.length, 3);
        const [one] = taken;
        assert.ok(one);
        const full = await world.takeLimited(endpointId, limits);
        assert.ok(Number(full.nextDueAt) > world.clock.now(), 'asked again later');
        await settle(world, [settlement(one, { retryAt: addMs(world.clock.now(), 60_000) })]);
        assert.equal((await world.takeLimited(endpointId, limits)).deliveries.length, 1);
        world.clock.advance(20_000);
        assert.equal(
          (await world.takeLimited(endpointId, limits)).deliveries.length,
          3,
          'leases that ran out are free',
        );
      }),
    );

    test(
      'takings are spread evenly over the second, whoever takes',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 100);
        const limits = { maxLeased: 100, ratePerSecond: 5 };
        const at: number[] = [];
        const started = world.clock.now();
        for (let step = 0; step < 100; step++) {
          const lanes = await Promise.all([1, 2].map(() => world.takeLimited(endpointId, limits)));
          for (const { deliveries, nextDueAt } of lanes) {
            at.push(...deliveries.map(() => world.clock.now() - started));
            assert.ok(Number(nextDueAt) > world.clock.now());
          }
          world.clock.advance(20);
        }
        assert.deepEqual(at, [0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800]);
      }),
    );

    test(
      'a lane that was idle does not save its rate up',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 100);
        const limits = { maxLeased: 100, ratePerSecond: 50 };
        assert.equal((await world.takeLimited(endpointId, limits, 50)).deliveries.length, 5);
        world.clock.advance(10_000);
        assert.equal((await world.takeLimited(endpointId, limits, 50)).deliveries.length, 5);
      }),
    );
  });
}

async function acceptKeys(
  world: World,
  organizationId: OrganizationId,
  keys: readonly (string | null)[],
): Promise<AcceptedEvent[]> {
  const accepted = keys.map((orderingKey) => world.event(organizationId, { orderingKey }));
  await world.engine.intake.accept(accepted);
  return accepted;
}

function events(taken: readonly ClaimedDelivery[]): AcceptedEvent[] {
  return taken.map(({ event }) => event);
}

async function settle(world: World, settlements: readonly ReturnType<typeof settlement>[]): Promise<void> {
  const outcomes = await world.engine.queue.settle(settlements);
  assert.ok(outcomes.every((outcome) => outcome === 'settled'));
}
