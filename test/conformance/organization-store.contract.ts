import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_INBOX } from '../../src/core/administration/inbox.ts';
import type { InboxId } from '../../src/core/ids.ts';
import { MAX_INBOXES_PER_ORGANIZATION, MAX_KEYS_PER_ORGANIZATION } from '../../src/core/limits.ts';
import { addMs } from '../../src/core/time.ts';
import type { NewHarness } from './harness.ts';
import { inWorld } from './world.ts';

export function organizationStoreContract(newHarness: NewHarness): void {
  describe('OrganizationStore', () => {
    test(
      'creates an organization with its first key and the inbox default',
      inWorld(newHarness, async (world) => {
        const { organization, key } = world.newOrganization();
        const expiring = { ...key, expiresAt: addMs(key.createdAt, 5) };
        assert.equal(await world.engine.store.organizations.create(organization, expiring), true);
        world.clock.advance(100);
        const { organizations, inboxes } = (await world.reopen()).store;
        assert.deepEqual(await organizations.get(organization.id), organization);
        assert.deepEqual(await organizations.findByKeyHash(key.sha256), { organization, key: expiring });
        const inbox = await inboxes.get(organization.id, DEFAULT_INBOX);
        assert.deepEqual(
          [inbox?.organizationId, inbox?.name, inbox?.eventTypes, inbox?.maxLeases, inbox?.paused],
          [organization.id, 'default', [], 10, false],
        );
      }),
    );

    test(
      'scopes that can not be read allow nothing, and the key is there',
      inWorld(newHarness, async (world) => {
        const { organizations } = world.engine.store;
        for (const [scopes, expected] of [
          [null, []],
          [{ a: 5 }, []],
          ['publish', []],
          [[null, 'else', 'consume'], ['consume']],
        ] as const) {
          const { organization, key } = world.newOrganization();
          await organizations.create(organization, { ...key, scopes: scopes as unknown as typeof key.scopes });
          const found = await organizations.findByKeyHash(key.sha256);
          assert.deepEqual(found, { organization, key: { ...key, scopes: expected } });
        }
      }),
    );

    test(
      'refuses an id or a key hash that is there, and leaves nothing behind',
      inWorld(newHarness, async (world) => {
        const { organizations } = world.engine.store;
        const [first, second] = [world.newOrganization(), world.newOrganization()];
        assert.equal(await organizations.create(first.organization, first.key), true);
        assert.equal(await organizations.create(first.organization, second.key), false);
        const sameHash = { ...second.key, sha256: first.key.sha256 };
        assert.equal(await organizations.create(second.organization, sameHash), false);
        assert.equal(await organizations.get(second.organization.id), undefined);
        assert.equal(await organizations.findByKeyHash(second.key.sha256), undefined);
        assert.deepEqual(await organizations.findByKeyHash(first.key.sha256), first);
        assert.equal(await world.engine.store.inboxes.get(second.organization.id, DEFAULT_INBOX), undefined);
      }),
    );

    test(
      'one of two that are created at once with the same key wins, whole',
      inWorld(newHarness, async (world) => {
        const { organizations } = world.engine.store;
        const [first, second] = [world.newOrganization(), world.newOrganization()];
        const sameHash = { ...second.key, sha256: first.key.sha256 };
        const created = await Promise.all([
          organizations.create(first.organization, first.key),
          organizations.create(second.organization, sameHash),
        ]);
        assert.deepEqual(created.toSorted(), [false, true]);
      }),
    );

    test(
      'has no more keys and inboxes than an organization may have, though many are made at once',
      inWorld(newHarness, async (world) => {
        const { organizations, inboxes } = world.engine.store;
        const { organization, key } = world.newOrganization();
        await organizations.create(organization, key);
        const addKey = () => {
          const { key: another } = world.newOrganization();
          return organizations.addKey({ ...another, organizationId: organization.id });
        };
        const addInbox = async (name: string) => {
          const id = world.ids.next<InboxId>();
          const wants = { eventTypes: [], maxLeases: 1, paused: false, createdAt: world.clock.now() };
          return inboxes.create({ id, organizationId: organization.id, name, ...wants });
        };
        // With the first key and the inbox `default` there is room for 99 more; six a time, as many as there are connections.
        const outcomes: string[] = [];
        for (let group = 0; group < 17; group++) {
          const six = Array.from({ length: 6 }, (_, one) => `inbox-${group}-${one}`);
          outcomes.push(...(await Promise.all([...six.map(addKey), ...six.map(addInbox)])));
        }
        const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
        assert.deepEqual([count('added'), count('created'), count('full')], [99, 99, 6]);
        assert.equal((await organizations.keys(organization.id)).length, MAX_KEYS_PER_ORGANIZATION);
        assert.equal((await inboxes.all(organization.id)).length, MAX_INBOXES_PER_ORGANIZATION);
      }),
    );

    test(
      'knows no organization and no key that never was',
      inWorld(newHarness, async (world) => {
        const { organizations } = world.engine.store;
        assert.equal(await organizations.get('nobody' as never), undefined);
        assert.equal(await organizations.findByKeyHash('0'.repeat(64)), undefined);
      }),
    );
  });
}
