import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventId } from '../../src/core/ids.ts';
import { MAX_REQUEUED } from '../../src/core/limits.ts';
import { InboxService } from '../../src/pipeline/inbox/inbox-service.ts';
import { ReadSlots } from '../../src/pipeline/pacing/read-slots.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld } from '../conformance/world.ts';
import { pipelineContext } from '../support/pipeline-context.ts';

test(
  'what is leased for a client that leaves at that instant is available again, and goes to the next who waits',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const { ids, clock } = world;
    const station = new InboxService(pipelineContext({ bus, ids, clock }), store, new ReadSlots(clock));
    const organizationId = await world.organization();
    const inbox = await world.inbox(organizationId, { maxLeases: 1 });
    const [event] = await world.accept(organizationId, 1);
    const lease = (signal: AbortSignal) =>
      station.lease(inbox, { limit: 10, leaseMs: 43_200_000, eventTypes: [], waitMs: 5_000, signal });
    const leaving = new AbortController();
    const gone = lease(leaving.signal);
    const next = lease(new AbortController().signal);
    // Its lease is under way, in the queue of writes.
    leaving.abort();
    assert.equal(await gone, undefined);
    assert.deepEqual(
      (await next)?.messages.map(({ event: { id }, leaseCount }) => [id, leaseCount]),
      [[event?.id as EventId, 1]],
    );
    station.stop();
  }),
);

test(
  'a request to requeue all does a bounded part of it, and the next one goes on',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const { ids, clock } = world;
    const station = new InboxService(pipelineContext({ bus, ids, clock }), store, new ReadSlots(clock));
    const organizationId = await world.organization();
    const inbox = await world.inbox(organizationId, { maxLeases: 1 });
    const EVENTS = MAX_REQUEUED + 100;
    for (let made = 0; made < EVENTS; ) made += (await world.accept(organizationId, 1_010)).length;
    for (let left = EVENTS; left > 0; left -= 1_000) {
      const { leaseId } = await world.lease(inbox, 1_000);
      await store.inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
    }
    const all = { eventTypes: [], from: null, to: null, after: null };
    const first = await station.requeue(inbox, all);
    assert.equal(first.requeued, MAX_REQUEUED);
    assert.notEqual(first.last, null);
    assert.deepEqual(await station.requeue(inbox, { ...all, after: first.last }), { requeued: 100, last: null });
    station.stop();
  }),
);
