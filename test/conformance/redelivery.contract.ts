import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivery } from '../../src/core/delivery/delivery.ts';
import type { Job } from '../../src/core/delivery/job.ts';
import type { DeliveryId, EndpointId, JobId, OrganizationId } from '../../src/core/ids.ts';
import { addMs, timestamp } from '../../src/core/time.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, settlement, WHOLE_LIST, type World } from './world.ts';

export function redeliveryContract(newHarness: NewHarness): void {
  describe('Redelivery: sooner', () => {
    test(
      'what waits for its time is due now; what is due, under way, done or another’s is passed over',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 4);
        const [retrying, underWay, done] = await world.take(endpointId, 3);
        assert.ok(retrying && underWay && done);
        const retryAt = addMs(world.clock.now(), 60_000);
        await world.engine.queue.settle([settlement(retrying, { retryAt }), settlement(done)]);
        await world.accept(organizationId, 1, { deliverAt: retryAt });
        const { deliveries } = world.engine.store;
        const all = (await deliveries.list(organizationId, ALL_DELIVERIES)).map(({ id }) => id);
        const { redelivery } = world.engine;
        assert.equal(await redelivery.scheduleNow(await world.organization(), all), 0);
        assert.equal(await redelivery.scheduleNow(organizationId, [...all, 'x' as DeliveryId]), 2);
        assert.equal(await redelivery.scheduleNow(organizationId, all), 0);
        const taken = await world.take(endpointId);
        assert.equal(taken.length, 3, 'the retry, the one with a time, and the one that was due');
        const attempts = taken.find(({ id }) => id === retrying.id)?.attemptNumber;
        assert.equal(attempts, 2);
      }),
    );
  });

  describe('Redelivery', () => {
    test(
      'what is done begins anew, with its attempts before it and a whole schedule ahead',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 3);
        const [one, two, three] = await world.take(endpointId);
        assert.ok(one && two && three);
        await world.engine.queue.settle([
          settlement(one, { status: 'failed' }),
          settlement(two),
          settlement(three, { status: 'skipped' }),
        ]);
        const { redelivery } = world.engine;
        assert.equal(await redelivery.retry(organizationId, [one.id, two.id, three.id], ['failed', 'skipped']), 2);
        assert.deepEqual(await statuses(world, organizationId), ['pending', 'delivered', 'pending']);
        const again = await world.take(endpointId);
        assert.deepEqual(
          again.map(({ id, attemptNumber, failures }) => ({ id, attemptNumber, failures })),
          [one, three].map(({ id }) => ({ id, attemptNumber: 2, failures: 0 })),
        );
        await world.engine.queue.settle(again.map((delivery) => settlement(delivery)));
        assert.equal((await world.engine.store.deliveries.attempts(organizationId, one.id)).length, 2);
        assert.equal(await redelivery.retry(organizationId, [two.id], null), 1, 'a delivered one too');
        assert.equal((await world.take(endpointId)).length, 1);
      }),
    );

    test(
      'what waits for a retry is due now',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const retryAt = addMs(world.clock.now(), 60_000);
        await world.engine.queue.settle([settlement(taken, { retryAt })]);
        assert.deepEqual(await world.take(endpointId), []);
        assert.equal(await world.engine.redelivery.retry(organizationId, [taken.id], null), 1);
        const [again] = await world.take(endpointId);
        assert.equal(again?.attemptNumber, 2);
        assert.equal(again?.failures, 1, 'its schedule goes on');
      }),
    );

    test(
      'asked for twice it is sent twice, though the first is not done yet',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const { redelivery, queue } = world.engine;
        assert.equal(await redelivery.retry(organizationId, [taken.id], null), 1);
        await queue.settle([settlement(taken)]);
        assert.equal(await redelivery.retry(organizationId, [taken.id], null), 1);
        for (const attemptNumber of [2, 3]) {
          const [again] = await world.take(endpointId);
          assert.equal(again?.attemptNumber, attemptNumber);
          assert.ok(again);
          assert.deepEqual(await queue.settle([settlement(again)]), ['settled']);
        }
        assert.deepEqual(await world.take(endpointId), []);
        assert.deepEqual(await statuses(world, organizationId), ['delivered']);
        assert.equal((await queue.depth()).waiting, 0);
      }),
    );

    test(
      'nobody retries or cancels what is another’s, or what never was',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const other = await world.organization();
        await world.accept(organizationId);
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        await world.engine.queue.settle([settlement(taken, { status: 'failed' })]);
        const { redelivery } = world.engine;
        const missing = world.ids.next<DeliveryId>();
        assert.equal(await redelivery.retry(other, [taken.id, missing, 'x' as DeliveryId], null), 0);
        for (const id of [taken.id, missing, 'x' as DeliveryId])
          assert.equal(await redelivery.cancel(other, id), undefined);
        assert.deepEqual(await statuses(world, organizationId), ['failed']);
      }),
    );

    test(
      'a canceled one is not sent; one that is being sent ends unrecorded; one that is done stays as it is',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 3);
        const [sent, done] = await world.take(endpointId, 2);
        assert.ok(sent && done);
        const { redelivery, queue } = world.engine;
        await queue.settle([settlement(done)]);
        const [waiting] = (await list(world, organizationId)).filter(
          ({ status, id }) => status === 'pending' && id !== sent.id,
        );
        assert.ok(waiting);
        const outcomes = [];
        for (const { id } of [waiting, sent, done]) outcomes.push(await redelivery.cancel(organizationId, id));
        assert.deepEqual(outcomes, ['canceled', 'canceled', 'final']);
        assert.deepEqual(await queue.settle([settlement(sent)]), ['stale']);
        assert.deepEqual(await world.take(endpointId), []);
        assert.deepEqual((await statuses(world, organizationId)).sort(), ['canceled', 'canceled', 'delivered']);
        assert.equal((await queue.depth()).waiting, 0);
      }),
    );

    test(
      'in an order: the one that blocks may be retried or canceled; a canceled one hands its turn on; others wait for it',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const ordered = await world.accept(organizationId, 4, { orderingKey: 'k' });
        const { redelivery, queue } = world.engine;
        const [first] = await world.take(endpointId);
        assert.ok(first);
        await queue.settle([settlement(first, { status: 'failed', blocksOrder: true })]);
        assert.deepEqual(await world.take(endpointId), []);
        assert.equal(await redelivery.retry(organizationId, [first.id], ['failed']), 1);
        const [again] = await world.take(endpointId);
        assert.equal(again?.id, first.id);
        assert.ok(again);
        await queue.settle([settlement(again, { status: 'failed', blocksOrder: true })]);
        assert.equal(await redelivery.cancel(organizationId, first.id), 'canceled');
        const [second] = await world.take(endpointId);
        assert.deepEqual(second?.event, ordered[1]);
        assert.ok(second);
        const third = (await list(world, organizationId)).find(({ eventId }) => eventId === ordered[2]?.id);
        assert.ok(third);
        assert.equal(await redelivery.cancel(organizationId, third.id), 'canceled', 'behind the one that is sent');
        assert.equal(await redelivery.retry(organizationId, [first.id], null), 1);
        assert.deepEqual(await world.take(endpointId), [], 'it waits for its turn');
        await queue.settle([settlement(second)]);
        const [next] = await world.take(endpointId);
        assert.equal(next?.id, first.id, 'by the time of acceptance');
        assert.ok(next);
        await queue.settle([settlement(next)]);
        assert.deepEqual(
          (await world.take(endpointId)).map(({ event }) => event),
          [ordered[3]],
        );
      }),
    );

    test(
      'an event is sent again by a delivery of its own, made once',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [event] = await world.accept(organizationId);
        assert.ok(event);
        const [first] = await world.take(endpointId);
        assert.ok(first);
        await world.engine.queue.settle([settlement(first)]);
        const added = {
          id: world.ids.next<DeliveryId>(),
          organizationId,
          eventId: event.id,
          eventType: event.type,
          endpointId,
          orderingGroup: null,
          dueAt: timestamp(0),
        };
        const { redelivery } = world.engine;
        assert.equal(await redelivery.add([added]), 1);
        assert.equal(await redelivery.add([added]), 0);
        const [replayed] = await world.take(endpointId);
        assert.equal(replayed?.origin, 'replay');
        assert.deepEqual(replayed?.event, event);
        assert.equal((await world.engine.store.deliveries.ofEvent(organizationId, event.id)).length, 2);
      }),
    );

    test(
      'deliveries are found oldest first, in parts, by status, endpoint and time',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(2);
        const [a, b] = world.endpoints.get(organizationId) ?? [];
        assert.ok(a && b);
        await world.accept(organizationId, 3);
        const between = addMs(world.clock.now(), 1);
        world.clock.advance(10);
        await world.accept(organizationId, 2);
        const all = (await list(world, organizationId)).map(({ id }) => id).sort();
        const find = (rest: object) =>
          world.engine.redelivery.find({
            organizationId,
            status: 'pending',
            endpointId: null,
            from: null,
            to: null,
            after: null,
            limit: 100,
            ...rest,
          });
        const ids = async (rest: object) => (await find(rest)).map(({ id }) => id);
        assert.deepEqual(await ids({}), all);
        assert.deepEqual(await ids({ limit: 4 }), all.slice(0, 4));
        assert.deepEqual(await ids({ limit: 4, after: all[3] }), all.slice(4, 8));
        assert.equal((await find({ endpointId: a })).length, 5);
        assert.equal((await find({ endpointId: b, from: between })).length, 2);
        assert.equal((await find({ endpointId: b, to: between })).length, 3);
        assert.equal((await find({ to: between })).length, 6);
        assert.deepEqual(await ids({ status: 'failed' }), []);
        assert.deepEqual(await ids({ organizationId: await world.organization() }), []);
        assert.deepEqual(await ids({ endpointId: 'x' as EndpointId }), []);
      }),
    );
  });

  describe('JobStore', () => {
    test(
      'keeps what a job is for and where it stands; one that is done stays as it is',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const at = world.clock.now();
        const job: Job = {
          id: world.ids.next<JobId>(),
          organizationId,
          kind: 'retry',
          parameters: { statuses: ['failed'], endpointId: null, type: 'a.\u{1f600}', from: at, to: null },
          status: 'running',
          place: null,
          lookedAt: 0,
          made: 0,
          error: null,
          createdAt: at,
          updatedAt: at,
        };
        const { jobs } = world.engine.store;
        await jobs.create(job);
        assert.deepEqual(await jobs.get(organizationId, job.id), job);
        assert.equal(await jobs.get(await world.organization(), job.id), undefined);
        assert.equal(await jobs.get(organizationId, 'x' as JobId), undefined);
        const further: Job = { ...job, place: 'p', lookedAt: 5, made: 3, updatedAt: addMs(at, 1) };
        assert.equal(await jobs.save(further), true);
        assert.deepEqual(await jobs.running(null, 10, []), [further]);
        const done: Job = { ...further, status: 'done', error: 'e' };
        assert.equal(await jobs.save(done), true);
        assert.equal(await jobs.save(further), false);
        assert.deepEqual(await jobs.running(null, 10, []), []);
        assert.deepEqual(await jobs.list(organizationId, WHOLE_LIST), [done]);
      }),
    );

    test(
      'of a hundred jobs of one organization one runs at a time, beside one of each other organization',
      inWorld(newHarness, async (world) => {
        const { jobs } = world.engine.store;
        const owners = [await world.organization(), await world.organization(), await world.organization()].toSorted();
        const [first, second, third] = owners as [OrganizationId, OrganizationId, OrganizationId];
        const at = world.clock.now();
        const make = async (organizationId: OrganizationId): Promise<Job> => {
          const job: Job = {
            id: world.ids.next<JobId>(),
            organizationId,
            kind: 'retry',
            parameters: { statuses: ['failed'], endpointId: null, type: null, from: null, to: null },
            status: 'running',
            place: null,
            lookedAt: 0,
            made: 0,
            error: null,
            createdAt: at,
            updatedAt: at,
          };
          await jobs.create(job);
          return job;
        };
        const many: Job[] = [];
        for (let n = 0; n < 100; n++) many.push(await make(first));
        const [one, other] = [await make(second), await make(third)];
        assert.deepEqual(await jobs.running(null, 10, []), [many[0], one, other]);
        assert.deepEqual(await jobs.running(null, 2, []), [many[0], one]);
        assert.deepEqual(await jobs.running(second, 2, []), [other]);
        const aside = [...many.slice(0, 3), one].map(({ id }) => id);
        assert.deepEqual(await jobs.running(null, 10, aside), [many[3], other]);
        assert.deepEqual(
          await jobs.running(
            null,
            1,
            many.map(({ id }) => id),
          ),
          [one],
        );
      }),
    );
  });
}

/** Oldest first. */
async function list(world: World, organizationId: OrganizationId): Promise<Delivery[]> {
  return (await world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES)).reverse();
}

async function statuses(world: World, organizationId: OrganizationId): Promise<string[]> {
  return (await list(world, organizationId)).map(({ status }) => status);
}
