import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EndpointId } from '../../src/core/ids.ts';
import { addMs, type Timestamp, timestamp } from '../../src/core/time.ts';
import type { ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, settlement, type World } from './world.ts';

/** @param traits.leasesEndWithEngine an engine that opens has the storage for itself: leases on it are nobody's */
export function deliveryQueueContract(newHarness: NewHarness, traits: { readonly leasesEndWithEngine: boolean }): void {
  describe('DeliveryQueue', () => {
    test(
      'takes the oldest first, whole, one answer a demand, each delivery once',
      inWorld(newHarness, async (world) => {
        const [first, second] = [await world.lane(), await world.lane()];
        const events = await world.accept(first.organizationId, 5);
        const { queue } = world.engine;
        const lanes = await queue.claim([
          { endpointId: first.endpointId, limit: 2, leaseMs: 1_000 },
          { endpointId: second.endpointId, limit: 2, leaseMs: 1_000 },
          { endpointId: first.endpointId, limit: 2, leaseMs: 2_000 },
        ]);
        assert.deepEqual(
          lanes.map(({ endpointId, deliveries }) => [endpointId, deliveries.map(({ event }) => event)]),
          [
            [first.endpointId, events.slice(0, 2)],
            [second.endpointId, []],
            [first.endpointId, events.slice(2, 4)],
          ],
        );
        const [taken] = lanes[2]?.deliveries ?? [];
        assert.deepEqual(
          { ...taken, id: null },
          {
            id: null,
            organizationId: first.organizationId,
            endpointId: first.endpointId,
            event: events[2],
            attemptNumber: 1,
            failures: 0,
            origin: null,
            leasedUntil: addMs(world.clock.now(), 2_000),
          },
        );
        assert.equal((await world.take(first.endpointId)).length, 1);
        assert.deepEqual(await world.take(first.endpointId), []);
      }),
    );

    test(
      'two takers at once never hold the same delivery',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 60);
        const takings = await Promise.all(Array.from({ length: 12 }, () => world.take(endpointId, 7)));
        const ids = takings.flat().map(({ id }) => id);
        assert.equal(ids.length, 60);
        assert.equal(new Set(ids).size, 60);
      }),
    );

    test(
      'says when the lane comes due next',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const nextDueAt = async (limit: number) => {
          const [lane] = await world.engine.queue.claim([{ endpointId, limit, leaseMs: 15_000 }]);
          return lane?.nextDueAt;
        };
        assert.equal(await nextDueAt(1), null);
        const later = addMs(world.clock.now(), 9_000);
        await world.accept(organizationId, 1, { deliverAt: later });
        assert.equal(await nextDueAt(1), later);
        await world.accept(organizationId, 2);
        const more = await nextDueAt(1);
        assert.ok(more !== null && more !== undefined && more <= world.clock.now(), 'past: more is due');
        assert.equal(await nextDueAt(5), later, 'nothing due any more');
      }),
    );

    test(
      'delivers what has a time at its time, retries before first attempts',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [late] = await world.accept(organizationId, 1, { deliverAt: addMs(world.clock.now(), 5_000) });
        const [retried] = await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken && late && retried);
        assert.equal(taken.event.id, retried.id);
        await world.engine.queue.settle([settlement(taken, { retryAt: addMs(world.clock.now(), 3_000) })]);
        assert.deepEqual(await world.take(endpointId), []);
        world.clock.advance(2_999);
        assert.deepEqual(await world.take(endpointId), []);
        world.clock.advance(2_001);
        const [fresh] = await world.accept(organizationId);
        const order = (await world.take(endpointId)).map(({ event, attemptNumber, failures }) => [
          event.id,
          attemptNumber,
          failures,
        ]);
        assert.deepEqual(order, [
          [retried.id, 2, 1],
          [late.id, 1, 0],
          [fresh?.id, 1, 0],
        ]);
      }),
    );

    test(
      'a first attempt is due at once, though the clock is set back',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        world.clock.setBack(3_600_000);
        assert.equal((await world.take(endpointId)).length, 1);
      }),
    );

    test(
      'settles: state, attempt, failures; a final one is never taken again',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 3);
        const [one, two, three] = await world.take(endpointId);
        assert.ok(one && two && three);
        world.clock.advance(50);
        const retryAt = addMs(world.clock.now(), 1_000);
        const settlements = [settlement(one), settlement(two, { retryAt }), settlement(three, { status: 'failed' })];
        assert.deepEqual(await world.engine.queue.settle(settlements), ['settled', 'settled', 'settled']);
        const { deliveries } = (await world.reopen()).store;
        const [first, second, third] = await Promise.all(
          [one, two, three].map(({ id }) => deliveries.get(organizationId, id)),
        );
        assert.deepEqual(
          [first, second, third].map((delivery) => [
            delivery?.status,
            delivery?.attempts,
            delivery?.nextAttemptAt,
            delivery?.lastStatusCode,
            delivery?.lastError,
            delivery?.updatedAt,
          ]),
          [
            ['delivered', 1, null, 200, null, world.clock.now()],
            ['retrying', 1, retryAt, 500, 'status', world.clock.now()],
            ['failed', 1, null, 500, 'status', world.clock.now()],
          ],
        );
        assert.deepEqual(await deliveries.attempts(organizationId, two.id), [settlements[1]?.attempt]);
        world.clock.advance(86_400_000);
        assert.deepEqual(
          (await world.take(endpointId)).map(({ id }) => id),
          [two.id],
        );
      }),
    );

    test(
      'a settle whose lease was lost changes nothing',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [slept] = await world.take(endpointId, 1, 1_000);
        world.clock.advance(1_000);
        const [taken] = await world.take(endpointId, 1, 1_000);
        assert.ok(slept && taken);
        assert.deepEqual([taken.id, taken.attemptNumber, taken.failures], [slept.id, 2, 0]);
        assert.deepEqual(await world.engine.queue.settle([settlement(slept, { status: 'failed' })]), ['stale']);
        const delivery = await world.engine.store.deliveries.get(organizationId, taken.id);
        assert.deepEqual([delivery?.status, delivery?.attempts], ['pending', 2]);
        assert.deepEqual(await world.engine.queue.settle([settlement(taken)]), ['settled']);
        assert.deepEqual(await world.engine.queue.settle([settlement(taken)]), ['stale'], 'once only');
        const attempts = await world.engine.store.deliveries.attempts(organizationId, taken.id);
        assert.deepEqual(
          attempts.map(({ number, error }) => [number, error]),
          [
            [1, 'interrupted'],
            [2, null],
          ],
        );
      }),
    );

    test(
      'a lease that ran out and was not lost still settles',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId, 1, 1_000);
        assert.ok(taken);
        world.clock.advance(5_000);
        assert.deepEqual(await world.engine.queue.settle([settlement(taken)]), ['settled']);
        assert.deepEqual(await world.take(endpointId), []);
      }),
    );

    test(
      'one settlement a batch may be stale, and the same twice in a batch counts once',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 2);
        const [one, two] = await world.take(endpointId);
        assert.ok(one && two);
        const forged = { ...two, attemptNumber: 2 };
        assert.deepEqual(
          await world.engine.queue.settle([settlement(one), settlement(forged), settlement(one), settlement(two)]),
          ['settled', 'stale', 'stale', 'settled'],
        );
      }),
    );

    test(
      'what is given back was never taken',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const back = { deliveryId: taken.id, attemptNumber: 1, dueAt: addMs(world.clock.now(), 100) };
        await world.engine.queue.release([back, { ...back, attemptNumber: 7 }]);
        assert.deepEqual(await world.take(endpointId), []);
        assert.deepEqual(await world.engine.queue.settle([settlement(taken)]), ['stale']);
        world.clock.advance(100);
        const [again] = await world.take(endpointId);
        assert.equal(again?.attemptNumber, 1);
        await world.engine.queue.release([back]);
        assert.deepEqual(await world.engine.store.deliveries.attempts(organizationId, taken.id), []);
        const delivery = await world.engine.store.deliveries.get(organizationId, taken.id);
        assert.equal(delivery?.attempts, 0);
      }),
    );

    test(
      'an attempt that its own process cut off keeps its number and its reason, and is no failure',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const cut = settlement(taken, { retryAt: world.clock.now() });
        const attempt = { ...cut.attempt, statusCode: null, error: 'interrupted' as const, errorDetail: 'stopped' };
        assert.deepEqual(await world.engine.queue.settle([{ ...cut, attempt }]), ['settled']);
        const [again] = await world.take(endpointId);
        assert.deepEqual([again?.id, again?.attemptNumber, again?.failures], [taken.id, 2, 0]);
        const { deliveries } = world.engine.store;
        const [recorded] = await deliveries.attempts(organizationId, taken.id);
        assert.deepEqual([recorded?.number, recorded?.error, recorded?.errorDetail], [1, 'interrupted', 'stopped']);
        const delivery = await deliveries.get(organizationId, taken.id);
        assert.ok(delivery);
        const [summary] = await deliveries.attemptsOf([delivery]);
        assert.equal(summary?.errorDetail, 'stopped');
      }),
    );

    test(
      'a giving back after the lease was lost does not end the lease of another',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [slept] = await world.take(endpointId, 1, 1_000);
        world.clock.advance(1_000);
        const [taken] = await world.take(endpointId, 1, 1_000);
        assert.ok(slept && taken);
        await world.engine.queue.release([{ deliveryId: slept.id, attemptNumber: 1, dueAt: timestamp(0) }]);
        assert.deepEqual(await world.take(endpointId), []);
        assert.deepEqual(await world.engine.queue.settle([settlement(taken)]), ['settled']);
      }),
    );

    test(
      'leases of an engine that is gone are void, at once or in time: due, the attempt on record as interrupted',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 2);
        const [first] = await world.take(endpointId, 1, 86_400_000);
        assert.ok(first);
        const takenAt = world.clock.now();
        world.clock.advance(traits.leasesEndWithEngine ? 10 : 86_400_000);
        await world.reopen();
        const [again] = await world.take(endpointId, 1);
        assert.deepEqual([again?.id, again?.attemptNumber, again?.failures], [first.id, 2, 0]);
        const [attempt] = await world.engine.store.deliveries.attempts(organizationId, first.id);
        assert.deepEqual(
          [attempt?.number, attempt?.error, attempt?.startedAt, attempt?.statusCode],
          [1, 'interrupted', takenAt, null],
        );
      }),
    );

    test(
      'knows every lane in which something waits, and how much',
      inWorld(newHarness, async (world) => {
        const { queue } = world.engine;
        assert.deepEqual(await queue.waitingLanes(), []);
        assert.deepEqual(await queue.depth(), { waiting: 0, retriesDue: 0, oldestDueAt: null });
        const [now, later, leased, done] = [
          await world.lane(),
          await world.lane(),
          await world.lane(),
          await world.lane(),
        ];
        const at = addMs(world.clock.now(), 7_000);
        await world.accept(now.organizationId, 3);
        await world.accept(later.organizationId, 2, { deliverAt: at });
        await world.accept(leased.organizationId, 1);
        await world.accept(done.organizationId, 1);
        await world.take(leased.endpointId, 1, 4_000);
        const [taken] = await world.take(done.endpointId);
        assert.ok(taken);
        await queue.settle([settlement(taken)]);
        const lanes = new Map((await queue.waitingLanes()).map(({ endpointId, nextDueAt }) => [endpointId, nextDueAt]));
        assert.deepEqual(new Set(lanes.keys()), new Set([now.endpointId, later.endpointId, leased.endpointId]));
        assert.ok((lanes.get(now.endpointId) ?? Infinity) <= world.clock.now());
        assert.equal(lanes.get(later.endpointId), at);
        assert.equal(lanes.get(leased.endpointId), addMs(world.clock.now(), 4_000));
        const acceptedAt = world.clock.now();
        world.clock.advance(1_000);
        assert.deepEqual(await queue.depth(), { waiting: 6, retriesDue: 0, oldestDueAt: acceptedAt });
        const retried = await world.take(now.endpointId, 1);
        await queue.settle(retried.map((each) => settlement(each, { retryAt: addMs(world.clock.now(), 500) })));
        assert.equal((await queue.depth()).retriesDue, 0);
        world.clock.advance(500);
        assert.equal((await queue.depth()).retriesDue, 1, 'its time has come');
        await world.reopen();
        assert.equal((await world.engine.queue.depth()).waiting, 6);
      }),
    );

    test('whatever the order of takes, settles, losses and givings back: each delivery is settled once, no attempt number twice', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
          await inWorld(newHarness, (world) => interleave(world, steps))();
        }),
        { numRuns: 12 },
      );
    });
  });
}

type Step =
  | { kind: 'claim'; limit: number; leaseMs: number }
  | { kind: 'settle' | 'retry' | 'release'; pick: number }
  | { kind: 'pass'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('claim' as const),
    limit: fc.integer({ min: 1, max: 4 }),
    leaseMs: fc.constantFrom(50, 500),
  }),
  fc.record({ kind: fc.constantFrom('settle' as const, 'retry' as const, 'release' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 60, 600) }),
);

async function interleave(world: World, steps: readonly Step[]): Promise<void> {
  const { organizationId, endpointId } = await world.lane();
  await world.accept(organizationId, 6);
  const takers = new Takers(world, endpointId);
  for (const one of steps) await takers.do(one);
  await takers.drain();
  assert.equal(takers.ended.size, 6);
  for (const { id, status, attempts } of await world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES)) {
    assert.equal(status, 'delivered');
    const numbers = (await world.engine.store.deliveries.attempts(organizationId, id)).map(({ number }) => number);
    assert.deepEqual(
      numbers,
      Array.from({ length: attempts }, (_, at) => at + 1),
      'every number on record, once',
    );
  }
}

/** Takers that remember everything they ever took, and settle it whenever they like. */
class Takers {
  readonly ended = new Set<string>();
  readonly #world: World;
  readonly #endpointId: EndpointId;
  readonly #held: ClaimedDelivery[] = [];
  /** Who really has a delivery: the last who took it. */
  readonly #current = new Map<string, { attemptNumber: number; until: Timestamp }>();
  #takings: Promise<void>[] = [];

  constructor(world: World, endpointId: EndpointId) {
    this.#world = world;
    this.#endpointId = endpointId;
  }

  async do(step: Step): Promise<void> {
    if (step.kind === 'claim') {
      // Some takings overlap: the next begins while this one is under way.
      this.#takings.push(this.#take(step.limit, step.leaseMs));
      if (step.limit % 2 === 0) await Promise.all(this.#takings);
      return;
    }
    await Promise.all(this.#takings);
    this.#takings = [];
    if (step.kind === 'pass') return this.#world.clock.advance(step.ms);
    const delivery = this.#held[step.pick % Math.max(1, this.#held.length)];
    if (delivery !== undefined) await this.#end(step.kind, delivery);
  }

  async #take(limit: number, leaseMs: number): Promise<void> {
    const now = this.#world.clock.now();
    for (const delivery of await this.#world.take(this.#endpointId, limit, leaseMs)) {
      assert.ok(!this.ended.has(delivery.id), 'taken after its end');
      const before = this.#current.get(delivery.id);
      assert.ok(before === undefined || before.until <= now, 'held by two at once');
      this.#current.set(delivery.id, { attemptNumber: delivery.attemptNumber, until: delivery.leasedUntil });
      this.#held.push(delivery);
    }
  }

  async #end(how: 'settle' | 'retry' | 'release', delivery: ClaimedDelivery): Promise<void> {
    const { queue } = this.#world.engine;
    const { id, attemptNumber } = delivery;
    const holds = this.#current.get(id)?.attemptNumber === attemptNumber;
    const dueAt = addMs(this.#world.clock.now(), 40);
    if (how === 'release') {
      await queue.release([{ deliveryId: id, attemptNumber, dueAt }]);
    } else {
      const [outcome] = await queue.settle([settlement(delivery, how === 'retry' ? { retryAt: dueAt } : {})]);
      assert.equal(outcome, holds ? 'settled' : 'stale');
      if (holds && how === 'settle') this.ended.add(id);
    }
    if (!holds) return;
    this.#current.delete(id);
    // A giving back frees the number: a holding that was used must not be used again, or it would be the next taker's.
    this.#held.splice(this.#held.indexOf(delivery), 1);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#takings);
    this.#world.clock.advance(1_000);
    let taken = await this.#world.take(this.#endpointId);
    while (taken.length > 0) {
      await this.#world.engine.queue.settle(taken.map((delivery) => settlement(delivery)));
      for (const { id } of taken) {
        assert.ok(!this.ended.has(id));
        this.ended.add(id);
      }
      taken = await this.#world.take(this.#endpointId);
    }
  }
}
