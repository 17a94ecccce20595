import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { EventId, OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { MAX_PAGE_BYTES } from '../../src/core/limits.ts';
import { fillsPage } from '../../src/core/page-bytes.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, WHOLE_LIST, type World } from './world.ts';

/** Whatever is read with its data is bounded by bytes, and the next page goes on where the bound was. */
export function byteBoundsContract(newHarness: NewHarness): void {
  describe('pages bounded by bytes', () => {
    test(
      'events: a page ends with the row that reaches the bound, and there always is one',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        // Two bytes a character: bytes count, not characters.
        const events = await acceptSizes(world, organizationId, [50, 500, 20, 20, 20, 20, 1_000, 30]);
        const ids = idsOf(events);
        const { events: store } = world.engine.store;
        const after = async (id: string, maxBytes: number) =>
          idsOf(await store.after(organizationId, id as EventId, 100, maxBytes));
        const lowest = '00000000-0000-0000-0000-000000000000';
        assert.deepEqual(await after(lowest, 1), ids.slice(0, 1));
        assert.deepEqual(await after(lowest, 50), ids.slice(0, 1));
        assert.deepEqual(await after(lowest, 51), ids.slice(0, 2));
        assert.deepEqual(await after(ids[1] ?? '', 80), ids.slice(2, 6));
        assert.deepEqual(await after(ids[5] ?? '', 81), ids.slice(6, 7), 'one row though it is larger');
        const newest = [...ids].reverse();
        for (const type of [null, 'order.created']) {
          const list = async (after: string | null, maxBytes: number) =>
            idsOf(await store.list(organizationId, { ...WHOLE_LIST, type, after, maxBytes }));
          assert.deepEqual(await list(null, 31), newest.slice(0, 2));
          assert.deepEqual(await list(newest[1] ?? '', 61), newest.slice(2, 6));
          assert.deepEqual(await list(null, 10_000), newest);
        }
      }),
    );

    test(
      'an inbox: each status and all of them, whatever the rows are like',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const narrow = await world.inbox(organizationId, { eventTypes: ['order.*'] });
        const ids = idsOf(
          await acceptSizes(
            world,
            organizationId,
            Array.from({ length: 12 }, () => 100),
          ),
        );
        await world.accept(organizationId, 3, { type: 'unwanted', data: JSON.stringify('x'.repeat(400)) as JsonText });
        const last = idsOf(await acceptSizes(world, organizationId, [100]));
        const { inboxes } = world.engine.store;
        await world.lease(inbox, 4);
        const { leaseId } = await world.lease(inbox, 2);
        await inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
        const list = async (of: typeof inbox, status: 'leased' | 'available' | null, maxBytes: number) =>
          idsOf((await inboxes.list(of, { status, limit: 1_000, after: null, maxBytes })).map(({ event }) => event));
        assert.deepEqual(await list(inbox, 'leased', 201), ids.slice(0, 3));
        assert.deepEqual(await list(inbox, null, 501), ids.slice(0, 6));
        // Two that were released, then those that nobody touched.
        assert.deepEqual(await list(inbox, 'available', 301), ids.slice(4, 8));
        assert.deepEqual(await list(inbox, 'available', 1), ids.slice(4, 5));
        // What it does not want is passed over, and costs nothing of the bound.
        assert.deepEqual(await list(narrow, 'available', 900), [...ids.slice(4), ...last]);
      }),
    );

    test(
      'a lease takes what it returns and no more; the rest is as it was',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const size = 250_000;
        const count = Math.ceil(MAX_PAGE_BYTES / size) + 6;
        const ids = idsOf(
          await acceptSizes(
            world,
            organizationId,
            Array.from({ length: count }, () => size),
          ),
        );
        const { inboxes } = world.engine.store;
        const fit = Math.ceil(MAX_PAGE_BYTES / size);
        const lease = await world.lease(inbox, 1_000);
        assert.deepEqual(lease.eventIds, ids.slice(0, fit));
        assert.ok(
          fillsPage(
            lease.messages.map(({ event }) => event),
            MAX_PAGE_BYTES,
          ),
        );
        assert.equal((await inboxes.leasedEvents(inbox, lease.leaseId)).length, fit);
        const left = await inboxes.list(inbox, { status: 'available', limit: 100, after: null });
        assert.deepEqual(
          left.map(({ event, leaseCount }) => [event.id, leaseCount]),
          ids.slice(fit).map((id) => [id, 0]),
        );
        // Messages that have a row already are bounded too, and those that did not fit keep their counts.
        await inboxes.release(inbox, { leaseId: lease.leaseId, eventIds: null, delayMs: 0 });
        const again = await world.lease(inbox, 1_000);
        assert.deepEqual(
          again.messages.map(({ event, leaseCount }) => [event.id, leaseCount]),
          ids.slice(0, fit).map((id) => [id, 2]),
        );
        const rest = await world.lease(inbox, 1_000);
        assert.deepEqual(
          rest.messages.map(({ event, leaseCount }) => [event.id, leaseCount]),
          ids.slice(fit).map((id) => [id, 1]),
        );
        assert.deepEqual((await world.lease(inbox, 1_000)).eventIds, []);
      }),
    );
  });
}

/** @param sizes of each one's data as UTF-8; all have two bytes a character, but for the quotes */
async function acceptSizes(world: World, organizationId: OrganizationId, sizes: readonly number[]) {
  const events: AcceptedEvent[] = [];
  for (const size of sizes) {
    const data = JSON.stringify('é'.repeat((size - 2) / 2)) as JsonText;
    assert.equal(Buffer.byteLength(data), size);
    events.push(...(await world.accept(organizationId, 1, { data })));
  }
  return events;
}

function idsOf(events: readonly AcceptedEvent[]): EventId[] {
  return events.map(({ id }) => id);
}
