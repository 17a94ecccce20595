import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addMs } from '../../src/core/time.ts';
import type { InboxNotification } from '../../src/ports/store/notification-store.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

export function notificationsContract(newHarness: NewHarness): void {
  describe('NotificationStore', () => {
    test(
      'keeps who is to be told of which inbox',
      inWorld(newHarness, async (world) => {
        // Ids of inboxes are made by the engines, in no order within a moment.
        const made = [await notification(world), await notification(world)];
        const [first, second] = made.toSorted((a, b) => (a.inboxId < b.inboxId ? -1 : 1));
        assert.ok(first && second);
        const { notifications } = (await world.reopen()).store;
        assert.deepEqual(await notifications.get(first.inboxId), first);
        assert.deepEqual(await notifications.ofOrganization(second.organizationId), [second]);
        assert.deepEqual(await notifications.list(null, 1), [first]);
        assert.deepEqual(await notifications.list(first.inboxId, 10), [second]);
        const moved = { ...first, url: 'https://example.com/other' };
        await notifications.put(moved);
        assert.deepEqual(await notifications.get(first.inboxId), moved);
        await notifications.remove(first.inboxId);
        assert.equal(await notifications.get(first.inboxId), undefined);
        assert.deepEqual(await notifications.list(null, 10), [second]);
      }),
    );

    test(
      'one of many tells, and once; again when it ran empty, or when the teller is late',
      inWorld(newHarness, async (world) => {
        const { inboxId } = await notification(world);
        const { notifications } = world.engine.store;
        const now = world.clock.now();
        const until = addMs(now, 1_000);
        const claims = await Promise.all([1, 2, 3].map(() => notifications.claim(inboxId, now, until)));
        assert.deepEqual(claims.toSorted(), [false, false, true]);
        assert.equal(await notifications.claim(inboxId, until, addMs(until, 1_000)), true, 'the teller is late');
        await notifications.markNotified(inboxId, until);
        await notifications.markNotified(inboxId, addMs(until, 1_000));
        assert.equal(await notifications.claim(inboxId, addMs(until, 90_000), addMs(until, 99_000)), false, 'told');
        await notifications.arm(inboxId);
        assert.equal(await notifications.claim(inboxId, now, until), true);
        await notifications.arm(inboxId);
        await notifications.markNotified(inboxId, until);
        assert.equal(await notifications.claim(inboxId, now, until), true, 'it ran empty while somebody told');
      }),
    );
  });

  describe('InboxStore.held', () => {
    test(
      'says what a living lease holds',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        await world.accept(organizationId, 3);
        const inbox = await world.inbox(organizationId);
        const { leaseId, eventIds } = await world.lease(inbox, 2);
        const { inboxes } = world.engine.store;
        assert.deepEqual(await inboxes.leasedEvents(inbox, leaseId), eventIds);
        await inboxes.ack(inbox, { eventIds: eventIds.slice(0, 1), leaseId });
        assert.deepEqual(await inboxes.leasedEvents(inbox, leaseId), eventIds.slice(1));
        assert.deepEqual(await inboxes.leasedEvents(inbox, 'nothing' as never), []);
        world.clock.advance(60_000);
        assert.deepEqual(await inboxes.leasedEvents(inbox, leaseId), []);
      }),
    );
  });
}

async function notification(world: World): Promise<InboxNotification> {
  const organizationId = await world.organization();
  const inbox = await world.inbox(organizationId);
  const made = {
    inboxId: inbox.id,
    organizationId,
    inboxName: inbox.name,
    url: 'https://example.com/wake',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  };
  await world.engine.store.notifications.put(made);
  return made;
}
