import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Inbox } from '../../src/core/administration/inbox.ts';
import type { EventId } from '../../src/core/ids.ts';
import { MAX_EVENT_TYPE_PATTERNS } from '../../src/core/limits.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

/** More than one query looks at on either engine. */
const TYPES = 4_500;
/** As many and as long as a request may have; they match what ends with their number. */
const LONG_PATTERNS = Array.from({ length: MAX_EVENT_TYPE_PATTERNS }, (_, n) => `**${'.*'.repeat(110)}.p${n}`);

/** Leases by patterns where there are very many types. */
export function inboxTypesContract(newHarness: NewHarness): void {
  describe('InboxStore with many types', () => {
    test(
      'leases oldest first whatever the types are called, and misses none',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const wanted = await acceptTypes(world, inbox, TYPES, (n) => `${n % 2 === 0 ? 'a' : 'b'}.t${TYPES - n}`);
        // Passes over all of them: from here on each has a row.
        assert.deepEqual((await world.lease(inbox, 10, ['none.**'])).eventIds, []);
        const oldest = wanted.filter((_, n) => n % 2 === 0);
        assert.deepEqual((await world.lease(inbox, 500, ['a.**', 'a.*', 'a.t1'])).eventIds, oldest.slice(0, 500));
        assert.deepEqual(
          (await world.lease(inbox, 300, ['*.*', 'b.t17'])).eventIds,
          [...wanted.filter((_, n) => n < 600 && n % 2 === 1)].slice(0, 300),
        );
        const [late] = await acceptTypes(world, inbox, 1, () => 'b.late');
        const rest = new Set<EventId>();
        for (let leased = [late]; leased.length > 0; ) {
          leased = (await world.lease(inbox, 1_000, ['*.*'])).eventIds;
          for (const id of leased) if (id !== undefined) rest.add(id);
        }
        assert.equal(rest.size, TYPES - 800 + 1);
        assert.ok(rest.has(late as EventId));
      }),
    );

    test(
      'long patterns over new types: in a lease, in a list, of one event and to requeue',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { inboxes } = world.engine.store;
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const types = (n: number) => `${'x.'.repeat(110)}p${n}`;
        const events = await acceptTypes(world, inbox, 300, types);
        const matching = events.slice(0, MAX_EVENT_TYPE_PATTERNS);
        const narrow = { ...inbox, eventTypes: LONG_PATTERNS };
        const listed = await inboxes.list(narrow, { status: 'available', limit: 1_000, after: null });
        assert.deepEqual(
          listed.map(({ event }) => event.id),
          matching,
        );
        assert.equal((await inboxes.find(narrow, events[7] as EventId))?.event.id, events[7]);
        assert.equal(await inboxes.find(narrow, events[200] as EventId), undefined);
        assert.deepEqual((await world.lease(inbox, 1_000, LONG_PATTERNS, 1_000)).eventIds, matching);
        world.clock.advance(2_000);
        const all = { from: null, to: null, after: null, limit: 500 };
        const step = await inboxes.requeueStep(inbox, { ...all, eventTypes: LONG_PATTERNS.slice(0, 30) });
        assert.deepEqual(step, { requeued: 30, last: null });
        assert.deepEqual((await world.lease(inbox, 1_000, LONG_PATTERNS, 1_000)).eventIds, matching.slice(0, 30));
        assert.deepEqual((await world.lease(inbox, 1_000)).eventIds, events.slice(MAX_EVENT_TYPE_PATTERNS));
      }),
    );

    test(
      'what an inbox has had stays available there, whatever it wants by now',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const [touched] = await acceptTypes(world, inbox, 1, () => 'a');
        const { leaseId } = await world.lease(inbox);
        await world.engine.store.inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
        const [wanted] = await acceptTypes(world, inbox, 2, (n) => (n === 0 ? 'b' : 'a'));
        assert.deepEqual((await world.lease({ ...inbox, eventTypes: ['b'] })).eventIds, [touched, wanted]);
      }),
    );
  });
}

/** @returns the ids of so many new events, each of its type */
async function acceptTypes(world: World, inbox: Inbox, count: number, type: (n: number) => string): Promise<EventId[]> {
  const events = Array.from({ length: count }, (_, n) => world.event(inbox.organizationId, { type: type(n) }));
  for (let at = 0; at < count; at += 500) await world.engine.intake.accept(events.slice(at, at + 500));
  return events.map(({ id }) => id);
}
