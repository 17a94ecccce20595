import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivery } from '../../src/core/delivery/delivery.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { EventId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import type { DeliveryQuery } from '../../src/ports/store/delivery-store.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, settlement, WHOLE_LIST, type World } from './world.ts';

export function recordStoresContract(newHarness: NewHarness): void {
  describe('EventStore', () => {
    test(
      'lists newest first, by type and time, in pages that are complete while events arrive',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const all: string[] = [];
        const add = async (type: string) => {
          world.clock.advance(1_000);
          const [event] = await world.accept(organizationId, 1, { type });
          all.unshift(event?.id ?? '');
        };
        for (let count = 0; count < 12; count++) await add(count % 3 === 0 ? 'rare' : 'common');
        const before = [...all];
        const { events } = world.engine.store;
        const list = async (rest: object) =>
          (await events.list(organizationId, { ...WHOLE_LIST, type: null, ...rest })).map(({ id }) => id as string);

        const seen: string[] = [];
        for (
          let page = await list({ limit: 5 });
          page.length > 0;
          page = await list({ limit: 5, after: seen.at(-1) })
        ) {
          seen.push(...page);
          await add('common');
        }
        assert.deepEqual(seen, before);
        assert.deepEqual(
          await list({ type: 'rare', to: world.clock.now() }),
          before.filter((_, at) => at % 3 === 2),
        );
        assert.deepEqual(await list({ type: 'rar' }), []);
        const newest = await events.get(organizationId, all[0] as never);
        assert.ok(newest);
        const from = addMs(newest.createdAt, -3_000);
        assert.deepEqual(await list({ from }), all.slice(0, 4), 'from is inclusive');
        assert.deepEqual(await list({ from, to: newest.createdAt }), all.slice(1, 4), 'to is not');
        assert.deepEqual(await list({ from, to: newest.createdAt, after: all[2] }), all.slice(3, 4));
        assert.deepEqual(await list({ after: '00000000-0000-7000-8000-000000000000' }), [], 'below every id');
      }),
    );

    test(
      'reads on after an id, oldest first, whatever id it is',
      inWorld(newHarness, async (world) => {
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const { events } = world.engine.store;
        const lowest = '00000000-0000-0000-0000-000000000000' as EventId;
        assert.deepEqual(await events.after(ours, lowest, 10), []);
        const all: AcceptedEvent[] = [];
        for (let day = 0; day < 3; day++) {
          all.push(...(await world.accept(ours, 3)));
          await world.accept(theirs, 3);
          world.clock.advance(86_400_000);
        }
        const after = async (id: string | undefined, limit = 100) =>
          (await events.after(ours, id as EventId, limit)).map((event) => event.id);
        const ids = all.map(({ id }) => id);
        assert.deepEqual(await events.after(ours, lowest, 100), all);
        assert.deepEqual(await after(lowest, 4), ids.slice(0, 4));
        assert.deepEqual(await after(ids[3], 4), ids.slice(4, 8));
        assert.deepEqual(await after(ids.at(-1)), []);
        const [foreign] = await events.after(theirs, lowest, 1);
        assert.deepEqual(await after(foreign?.id), ids.slice(3), "another's id is a place like any other");
        assert.deepEqual(await after('ffffffff-ffff-ffff-ffff-ffffffffffff'), []);
      }),
    );

    test(
      "another organization's event is none",
      inWorld(newHarness, async (world) => {
        const [ours, theirs] = [await world.organization(1), await world.organization()];
        const [event] = await world.accept(ours);
        assert.ok(event);
        const { events, deliveries } = world.engine.store;
        assert.equal(await events.get(theirs, event.id), undefined);
        assert.deepEqual(await events.list(theirs, { ...WHOLE_LIST, type: null }), []);
        assert.deepEqual(await deliveries.ofEvent(theirs, event.id), []);
        const [delivery] = await deliveries.ofEvent(ours, event.id);
        assert.ok(delivery);
        const [taken] = await world.take(delivery.endpointId);
        assert.ok(taken);
        await world.engine.queue.settle([settlement(taken)]);
        assert.equal(await deliveries.get(theirs, delivery.id), undefined);
        assert.deepEqual(await deliveries.attempts(theirs, delivery.id), []);
        for (const query of [{}, { endpointId: delivery.endpointId }, { eventId: event.id }, { status: 'delivered' }]) {
          assert.deepEqual(await deliveries.list(theirs, { ...ALL_DELIVERIES, ...query } as never), []);
        }
        assert.equal((await deliveries.attempts(ours, delivery.id)).length, 1);
      }),
    );

    test(
      'removes what is too old in small steps, with all that belongs to it; what waits stays',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const dedupId = 'old';
        const old = await world.accept(organizationId, 9);
        await world.engine.intake.accept([world.event(organizationId, { dedupId })]);
        const inbox = await world.inbox(organizationId);
        const leased = await world.lease(inbox, 3);
        const taken = await world.take(endpointId, 8);
        await world.engine.queue.settle(
          taken.map((delivery, at) =>
            settlement(delivery, at < 6 ? {} : { retryAt: addMs(world.clock.now(), 86_400_000) }),
          ),
        );
        world.clock.advance(100_000);
        const before = world.clock.now();
        const [young] = await world.accept(organizationId);
        const { events, deliveries, inboxes } = world.engine.store;

        let removed = 0;
        let after: string | null = null;
        let steps = 0;
        do {
          const step: Awaited<ReturnType<typeof events.removeStep>> = await events.removeStep({
            before,
            after,
            limit: 4,
          });
          assert.ok(step.removed <= 4);
          removed += step.removed;
          after = step.after;
        } while (after !== null && ++steps < 10);
        assert.equal(removed, 6);

        const kept = (await events.list(organizationId, { ...WHOLE_LIST, type: null })).map(({ id }) => id);
        assert.equal(kept.length, 5);
        assert.equal(kept[0], young?.id);
        assert.deepEqual(
          kept.slice(2),
          [...old.slice(6)].reverse().map(({ id }) => id),
        );
        for (const { id } of taken.slice(0, 6)) {
          assert.equal(await deliveries.get(organizationId, id), undefined);
          assert.deepEqual(await deliveries.attempts(organizationId, id), []);
        }
        assert.equal((await deliveries.list(organizationId, ALL_DELIVERIES)).length, 5);
        const { notFound } = await inboxes.ack(inbox, { eventIds: leased.eventIds, leaseId: null });
        assert.deepEqual(new Set(notFound), new Set(leased.eventIds));
        const [again] = await world.engine.intake.accept([world.event(organizationId, { dedupId })]);
        assert.equal(again?.kind, 'accepted', 'its mark ran out');
        const left = (await world.lease(inbox, 100)).eventIds;
        assert.equal(left.length, 6, 'an inbox goes on over what was removed');
      }),
    );

    test(
      'lets dedup marks live through the window, even when their events are gone',
      inWorld(
        newHarness,
        async (world) => {
          const organizationId = await world.organization();
          const event = world.event(organizationId, { dedupId: 'd' });
          await world.engine.intake.accept([event]);
          world.clock.advance(1_000);
          const { events } = world.engine.store;
          await events.removeStep({ before: world.clock.now(), after: null, limit: 10 });
          assert.equal(await events.get(organizationId, event.id), undefined);
          const [outcome] = await world.engine.intake.accept([world.event(organizationId, { dedupId: 'd' })]);
          assert.deepEqual(outcome, { kind: 'duplicate', id: event.id, createdAt: event.createdAt });
        },
        { dedupWindowMs: 5_000 },
      ),
    );
  });

  describe('DeliveryStore', () => {
    test(
      'filters by status, endpoint, event and type, together and alone, in pages that are complete',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(2);
        await manyDeliveries(world, organizationId);
        const { deliveries } = world.engine.store;
        const everything = await deliveries.list(organizationId, ALL_DELIVERIES);
        assert.equal(everything.length, 24);
        assert.deepEqual(
          everything.map(({ id }) => id),
          everything
            .map(({ id }) => id)
            .toSorted()
            .reverse(),
        );
        const eventId = everything[7]?.eventId ?? null;
        for (const status of [null, 'delivered', 'retrying', 'pending', 'canceled'] as const) {
          for (const endpointId of [null, ...(world.endpoints.get(organizationId) ?? [])]) {
            for (const filter of [{}, { type: 'rare' }, { eventId }, { eventId, type: 'rare' }]) {
              const query = { ...ALL_DELIVERIES, status, endpointId, ...filter };
              const expected = everything.filter((delivery) => matches(delivery, query));
              assert.deepEqual(await deliveries.list(organizationId, query), expected);
              const paged = await inPages((after) => deliveries.list(organizationId, { ...query, limit: 2, after }));
              assert.deepEqual(paged, expected);
            }
          }
        }
      }),
    );

    test(
      'gives the attempts in order with what was learned, and says when the next is due',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId);
        const { deliveries } = world.engine.store;
        for (const retryAt of [addMs(world.clock.now(), 10), addMs(world.clock.now(), 20)]) {
          const [taken] = await world.take(endpointId);
          assert.ok(taken);
          await world.engine.queue.settle([settlement(taken, { retryAt })]);
          const [delivery] = await deliveries.list(organizationId, ALL_DELIVERIES);
          assert.equal(delivery?.nextAttemptAt, retryAt);
          world.clock.advance(10);
        }
        const [taken] = await world.take(endpointId);
        assert.ok(taken);
        const last = settlement(taken);
        await world.engine.queue.settle([last]);
        const attempts = await deliveries.attempts(organizationId, taken.id);
        assert.deepEqual(
          attempts.map(({ number, error }) => [number, error]),
          [
            [1, 'status'],
            [2, 'status'],
            [3, null],
          ],
        );
        assert.deepEqual(attempts[2], last.attempt);
      }),
    );
  });
}

/** 12 events for two endpoints; some delivered, some to be retried, the rest waiting. */
async function manyDeliveries(world: World, organizationId: Parameters<World['accept']>[0]): Promise<void> {
  for (let count = 0; count < 12; count++) {
    world.clock.advance(1);
    await world.accept(organizationId, 1, { type: count % 4 === 0 ? 'rare' : 'common' });
  }
  for (const endpointId of world.endpoints.get(organizationId) ?? []) {
    const taken = await world.take(endpointId, 7);
    const retryAt = addMs(world.clock.now(), 60_000);
    await world.engine.queue.settle(taken.map((delivery, at) => settlement(delivery, at % 2 === 0 ? {} : { retryAt })));
  }
}

function matches(delivery: Delivery, query: DeliveryQuery): boolean {
  return (
    (query.status === null || delivery.status === query.status) &&
    (query.endpointId === null || delivery.endpointId === query.endpointId) &&
    (query.eventId === null || delivery.eventId === query.eventId) &&
    (query.type === null || delivery.eventType === query.type)
  );
}

async function inPages<Item extends { id: string }>(next: (after: string | null) => Promise<Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for (let page = await next(null); page.length > 0; page = await next(all.at(-1)?.id ?? null)) all.push(...page);
  return all;
}
