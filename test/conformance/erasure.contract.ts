import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditEntry } from '../../src/core/administration/audit.ts';
import type { AuditId, EventId, KeyId, OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs } from '../../src/core/time.ts';
import { Eraser } from '../../src/pipeline/erasure/eraser.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { eventually } from '../support/service.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, settlement, WHOLE_LIST, type World } from './world.ts';

const DAY_MS = 86_400_000;

export function erasureContract(newHarness: NewHarness): void {
  describe('ErasureStore', () => {
    test(
      'removes events with deliveries, attempts and what inboxes know; what waits stays, and what is others’',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const stranger = await world.organization();
        const [done, waiting] = await world.accept(organizationId, 2);
        const [theirs] = await world.accept(stranger);
        assert.ok(done && waiting && theirs);
        const [taken] = await world.take(endpointId, 1);
        assert.ok(taken);
        await world.engine.queue.settle([settlement(taken)]);
        const inbox = await world.inbox(organizationId);
        await world.lease(inbox);
        const { erasure, events, deliveries } = world.engine.store;
        const ids = [done.id, waiting.id, theirs.id, 'nothing' as EventId];
        assert.equal(await erasure.removeEvents(organizationId, ids), 1);
        assert.deepEqual(await eventIds(world, organizationId), [waiting.id]);
        assert.equal((await events.get(stranger, theirs.id))?.id, theirs.id);
        assert.deepEqual(await deliveries.ofEvent(organizationId, done.id), []);
        assert.deepEqual(await deliveries.attempts(organizationId, taken.id), []);
        const known = await world.engine.store.inboxes.list(inbox, { status: null, limit: 10, after: null });
        assert.deepEqual(
          known.map(({ event }) => event.id),
          [waiting.id],
        );
      }),
    );

    test(
      'what was erased is not in the storage any more, soon after',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const small = world.event(organizationId, { data: '"small-canary"' as JsonText });
        // More than a page of any database.
        const big = world.event(organizationId, { data: `"${'big-canary'.repeat(20_000)}"` as JsonText });
        const others = Array.from({ length: 20 }, () => world.event(organizationId, { data: '"stays"' as JsonText }));
        await world.engine.intake.accept([...others.slice(0, 10), small, big, ...others.slice(10)]);
        for (let taken = await world.take(endpointId, 10); taken.length > 0; taken = await world.take(endpointId, 10)) {
          await world.engine.queue.settle(taken.map((one) => settlement(one)));
        }
        const before = await world.harness.contents();
        assert.ok(before.includes('small-canary') && before.includes('big-canary'));
        assert.equal(await world.engine.store.erasure.removeEvents(organizationId, [small.id, big.id]), 2);
        await eventually(async () => {
          const after = await world.harness.contents();
          assert.ok(after.includes('stays'));
          assert.ok(!after.includes('small-canary') && !after.includes('big-canary'));
        });
      }),
    );

    test(
      'lists the ids of an organization’s events before a time, oldest first, from where it was left',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const old = await world.accept(organizationId, 3);
        world.clock.advance(1_000);
        const before = world.clock.now();
        await world.accept(organizationId, 2);
        const { erasure } = world.engine.store;
        const ids = old.map(({ id }) => id);
        assert.deepEqual(await erasure.events(organizationId, { before, after: null, limit: 2 }), ids.slice(0, 2));
        assert.deepEqual(
          await erasure.events(organizationId, { before, after: ids[1] ?? null, limit: 2 }),
          ids.slice(2),
        );
        assert.deepEqual(await erasure.events(await world.organization(), { before, after: null, limit: 2 }), []);
      }),
    );

    test(
      'remembers what is to go, over a restart, and forgets it when it is done',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        await world.organization();
        const nothing = { organizationId, retentionMs: null, erasedBefore: null, deletedAt: null };
        assert.deepEqual(await world.engine.store.erasure.get(organizationId), nothing);
        assert.deepEqual(await world.engine.store.erasure.list(null, 10), []);
        const erasedBefore = world.clock.now();
        assert.equal(await world.engine.store.erasure.put(organizationId, { retentionMs: 5 }), true);
        assert.equal(await world.engine.store.erasure.put(organizationId, { erasedBefore }), true);
        const { erasure } = (await world.reopen()).store;
        assert.deepEqual(await erasure.list(null, 10), [{ ...nothing, retentionMs: 5, erasedBefore }]);
        assert.deepEqual(await erasure.list(organizationId, 10), []);
        await erasure.finish(organizationId, addMs(erasedBefore, 1));
        assert.equal(
          (await erasure.get(organizationId))?.erasedBefore,
          erasedBefore,
          'somebody asked for more meanwhile',
        );
        await erasure.finish(organizationId, erasedBefore);
        assert.deepEqual(await erasure.list(null, 10), [{ ...nothing, retentionMs: 5 }]);
        assert.equal(await erasure.put(organizationId, { retentionMs: null }), true);
        assert.deepEqual(await erasure.list(null, 10), []);
        assert.equal(await erasure.put('nobody' as OrganizationId, { retentionMs: 5 }), false);
        assert.equal(await erasure.get('nobody' as OrganizationId), undefined);
      }),
    );

    test(
      'a deleted organization is gone for everybody, and another may not be removed',
      inWorld(newHarness, async (world) => {
        const { organization, key } = world.newOrganization();
        const { organizations, erasure, inboxes } = world.engine.store;
        await organizations.create(organization, key);
        await erasure.removeOrganization(organization.id);
        assert.deepEqual(await organizations.get(organization.id), organization, 'it was not deleted');
        await erasure.put(organization.id, { deletedAt: world.clock.now() });
        assert.equal(await organizations.findByKeyHash(key.sha256), undefined);
        assert.equal(await organizations.get(organization.id), undefined);
        assert.equal(await organizations.update(organization.id, { name: 'Again' }), undefined);
        assert.deepEqual(await organizations.list(WHOLE_LIST), []);
        assert.equal(await erasure.put(organization.id, { deletedAt: null }), false);
        assert.equal((await erasure.list(null, 10)).length, 1);
        await erasure.removeOrganization(organization.id);
        assert.deepEqual(await erasure.list(null, 10), []);
        assert.deepEqual(await inboxes.all(organization.id), []);
        assert.equal(await organizations.create(organization, key), true, 'nothing is left of it');
      }),
    );
  });

  describe('Eraser', () => {
    test(
      'takes away what an organization keeps for less long, but not what waits',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const other = await world.organization();
        await world.accept(organizationId, 2);
        const [theirs] = await world.accept(other);
        const [taken] = await world.take(endpointId, 1);
        assert.ok(taken && theirs);
        await world.engine.queue.settle([settlement(taken)]);
        await world.engine.store.erasure.put(organizationId, { retentionMs: DAY_MS });
        assert.equal(await eraser(world).runRound(), 0);
        world.clock.advance(DAY_MS + 1);
        const [young] = await world.accept(organizationId);
        assert.equal(await eraser(world).runRound(), 1);
        const left = await eventIds(world, organizationId);
        assert.equal(left.length, 2);
        assert.ok(young && left.includes(young.id));
        assert.deepEqual(await eventIds(world, other), [theirs.id]);
      }),
    );

    test(
      'takes everything away that was asked for, what waits and what holds up an order too',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        await world.accept(organizationId, 3, { orderingKey: 'k' });
        const [head] = await world.take(endpointId, 1);
        assert.ok(head);
        await world.engine.queue.settle([settlement(head, { status: 'failed', blocksOrder: true })]);
        const erasedBefore = addMs(world.clock.now(), 1);
        await world.engine.store.erasure.put(organizationId, { erasedBefore });
        world.clock.advance(1_000);
        const [later] = await world.accept(organizationId, 1, { orderingKey: 'k' });
        assert.ok(later);
        assert.equal(await eraser(world).runRound(), 3);
        assert.deepEqual(await eventIds(world, organizationId), [later.id]);
        const [next] = await world.take(endpointId, 1);
        assert.equal(next?.event.id, later.id, 'the order goes on');
        assert.notEqual(
          (await world.engine.store.erasure.get(organizationId))?.erasedBefore,
          null,
          'some may come late',
        );
        world.clock.advance(3_600_000);
        await eraser(world).runRound();
        assert.equal((await world.engine.store.erasure.get(organizationId))?.erasedBefore, null);
      }),
    );

    test(
      'leaves nothing of a deleted organization',
      inWorld(newHarness, async (world) => {
        const { organizationId } = await world.lane();
        const [event] = await world.accept(organizationId, 250);
        assert.ok(event);
        const { erasure, audit } = world.engine.store;
        await audit.add(auditEntry(world, organizationId, 'key.created'));
        await erasure.put(organizationId, { deletedAt: world.clock.now() });
        assert.equal(await eraser(world).runRound(), 250);
        assert.deepEqual(await eventIds(world, organizationId), []);
        assert.equal((await erasure.list(null, 10)).length, 1, 'some may come late');
        world.clock.advance(3_600_000);
        await eraser(world).runRound();
        assert.deepEqual(await erasure.list(null, 10), []);
        assert.deepEqual(await audit.list(organizationId, WHOLE_LIST), []);
        assert.deepEqual(await world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES), []);
      }),
    );
  });

  describe('AuditStore', () => {
    test(
      'shows an organization its own entries, newest first, in pages, for as long as they are kept',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { audit } = world.engine.store;
        const first = {
          ...auditEntry(world, organizationId, 'endpoint.created'),
          key: null,
          target: null,
          address: null,
        };
        await audit.add(first);
        world.clock.advance(1_000);
        const between = world.clock.now();
        const second = auditEntry(world, organizationId, 'endpoint.changed');
        await audit.add(second);
        await audit.add(auditEntry(world, await world.organization(), 'endpoint.deleted'));
        assert.deepEqual(await audit.list(organizationId, WHOLE_LIST), [second, first]);
        assert.deepEqual(await audit.list(organizationId, { ...WHOLE_LIST, after: second.id }), [first]);
        assert.deepEqual(await audit.list(organizationId, { ...WHOLE_LIST, limit: 1 }), [second]);
        assert.deepEqual(await audit.list(organizationId, { ...WHOLE_LIST, to: between }), [first]);
        assert.equal(await audit.removeBefore(between, 10), 1);
        assert.deepEqual(await audit.list(organizationId, WHOLE_LIST), [second]);
      }),
    );
  });
}

function eraser(world: World): Eraser {
  return new Eraser(pipelineContext(world.engine), { ...world.engine, worker: null });
}

async function eventIds(world: World, organizationId: OrganizationId): Promise<EventId[]> {
  return (await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null })).map(({ id }) => id);
}

function auditEntry(world: World, organizationId: OrganizationId, action: string): AuditEntry {
  return {
    id: world.ids.next<AuditId>(),
    organizationId,
    action,
    target: 'a-thing',
    key: { id: world.ids.next<KeyId>(), name: 'first' },
    fields: ['url', 'enabled'],
    requestId: 'r-1',
    address: '::1',
    createdAt: world.clock.now(),
  };
}
