import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditEntry } from '../../src/core/administration/audit.ts';
import { toIso } from '../../src/core/time.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, WHOLE_LIST, type World } from './world.ts';

/** Rows that somebody wrote by hand, or that were damaged: each is the fault of the one thing that holds it. */
export function damagedRowsContract(newHarness: NewHarness): void {
  describe('damaged rows', () => {
    test(
      'an inbox whose event types cannot be read is shown, gives nothing out, and is mended by setting them',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { inboxes } = world.engine.store;
        const inbox = await world.inbox(organizationId);
        const other = { ...inbox, id: world.ids.next<typeof inbox.id>(), name: 'other', eventTypes: ['a.*'] };
        const early = Array.from({ length: 5 }, () => world.ids.next<never>());
        world.clock.advance(1_000);
        await inboxes.create(other);
        await world.accept(organizationId, 1, { type: 'a.b' });
        assert.equal((await world.lease(other)).messages.length, 1);
        for (const damage of ['{', '5', '[1,null]', 'null', '']) {
          await world.harness.byHand(`UPDATE inboxes SET event_types = '${damage}' WHERE id = '${other.id}'`);
          assert.deepEqual(
            (await inboxes.all(organizationId)).map(({ name, paused }) => ({ name, paused })),
            [
              { name: 'default', paused: false },
              { name: 'other', paused: true },
            ],
          );
          assert.equal((await inboxes.get(organizationId, 'other'))?.paused, true);
          // A change of something else leaves it as it is.
          assert.equal((await inboxes.update(organizationId, 'other', { maxLeases: 4, paused: false }))?.paused, true);
          await world.accept(organizationId, 1, { type: 'a.b' });
          // One whose id is older than what the inbox has gone past gets a row there, whatever it may want.
          await world.accept(organizationId, 1, { type: 'a.b', id: early.pop() as never });
          const mended = await inboxes.update(organizationId, 'other', { eventTypes: ['a.*'] });
          assert.deepEqual([mended?.paused, mended?.eventTypes, mended?.maxLeases], [false, ['a.*'], 4]);
          assert.equal((await world.lease(mended ?? other)).messages.length, 2);
        }
      }),
    );

    test(
      'an organization of a tier that nobody knows has the limits of the smallest',
      inWorld(newHarness, async (world) => {
        const { organization, key } = world.newOrganization();
        const { organizations } = world.engine.store;
        await organizations.create({ ...organization, tier: 'business' }, key);
        await world.harness.byHand(`UPDATE organizations SET tier = 'gold' WHERE id = '${organization.id}'`);
        assert.equal((await organizations.get(organization.id))?.tier, 'free');
      }),
    );

    test(
      'an audit entry whose fields cannot be read is shown with the others',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { audit } = world.engine.store;
        for (const damage of ['{', '5', '[1]', '']) {
          const entries = [entry(world, organizationId), entry(world, organizationId)] as const;
          for (const each of entries) await audit.add(each);
          await world.harness.byHand(`UPDATE audit_entries SET fields = '${damage}' WHERE id = '${entries[0].id}'`);
          const [second, first] = await audit.list(organizationId, { ...WHOLE_LIST, limit: 2 });
          assert.deepEqual(second, entries[1]);
          assert.deepEqual(first, { ...entries[0], fields: ['(unreadable)'] });
        }
      }),
    );

    test(
      'a message whose event is gone is passed over by leases and lists',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { inboxes } = world.engine.store;
        const inbox = await world.inbox(organizationId);
        const [gone, there] = await world.accept(organizationId, 2);
        assert.ok(gone && there);
        const { leaseId } = await world.lease(inbox);
        await inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
        await world.harness.removeEventRow(gone.id);
        const query = { status: null, limit: 10, after: null };
        for (const status of [null, 'available'] as const) {
          const listed = await inboxes.list(inbox, { ...query, status });
          assert.deepEqual(
            listed.map(({ event }) => event.id),
            [there.id],
          );
        }
        assert.equal(await inboxes.find(inbox, gone.id), undefined);
        assert.deepEqual((await world.lease(inbox, 10, ['order.*'])).eventIds, [there.id]);
      }),
    );

    test(
      'a number beyond all bounds in a row stops nobody else, restarts included',
      inWorld(newHarness, async (world) => {
        const [bad, good] = [await world.lane(), await world.lane()];
        for (const { organizationId } of [bad, good]) {
          await world.accept(organizationId, 3);
          await world.engine.store.audit.add(entry(world, organizationId));
        }
        const huge = '9007199254740993000';
        const [first, second] = await deliveries(world, bad.organizationId);
        assert.ok(first && second);
        await world.harness.byHand(
          `UPDATE deliveries SET created_at = ${huge}, updated_at = ${huge} WHERE id = '${first.id}'`,
        );
        await world.harness.byHand(`UPDATE deliveries SET due_at = ${huge} WHERE id = '${second.id}'`);
        await world.harness.byHand(`UPDATE events SET created_at = ${huge} WHERE id = '${second.eventId}'`);
        for (const table of ['inboxes', 'audit_entries']) {
          await world.harness.byHand(
            `UPDATE ${table} SET created_at = ${huge} WHERE organization_id = '${bad.organizationId}'`,
          );
        }
        const organizationIds = [bad.organizationId, good.organizationId];
        for (const organizationId of organizationIds) await assertListed(world, organizationId);
        await world.reopen();
        for (const organizationId of organizationIds) await assertListed(world, organizationId);
        await world.engine.queue.waitingLanes();
        await world.engine.queue.depth();
        assert.equal((await world.take(good.endpointId)).length, 3);
        assert.ok((await world.take(bad.endpointId)).length >= 1);
      }),
    );
  });
}

async function assertListed(world: World, organizationId: AuditEntry['organizationId']): Promise<void> {
  const { store } = world.engine;
  const events = await store.events.list(organizationId, { ...WHOLE_LIST, type: null });
  assert.equal(events.length, 3);
  for (const { createdAt } of [...events, ...(await deliveries(world, organizationId))]) assert.ok(toIso(createdAt));
  assert.equal((await store.audit.list(organizationId, WHOLE_LIST)).length, 1);
  assert.equal((await store.inboxes.all(organizationId)).length, 1);
}

async function deliveries(world: World, organizationId: AuditEntry['organizationId']) {
  return world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES);
}

function entry(world: World, organizationId: AuditEntry['organizationId']): AuditEntry {
  return {
    id: world.ids.next<never>(),
    organizationId,
    action: 'endpoint.created',
    target: null,
    key: null,
    fields: ['url'],
    requestId: 'request',
    address: null,
    createdAt: world.clock.now(),
  };
}
