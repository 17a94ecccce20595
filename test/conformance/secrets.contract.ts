import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretBox, UnreadableSecret } from '../../src/core/administration/secret-box.ts';
import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import type { InboxNotification } from '../../src/ports/store/notification-store.ts';
import { newEndpoint } from '../support/new-endpoint.ts';
import type { NewHarness } from './harness.ts';
import { World } from './world.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
/** More than a step of the renewal. */
const MANY = 230;

const CANARIES = [
  'whsec_canary-of-secret',
  'whsec_canary-previous',
  'canary-header',
  'whsk_canary',
  'canary-private-key',
];

export function secretsContract(newHarness: NewHarness): void {
  describe('secrets at rest', () => {
    test('nothing of them stands in the storage, and every read shows them', async () => {
      await withKeys(newHarness, [OLD], async (world) => {
        const { endpoint, notification } = await fill(world);
        const contents = await world.harness.contents();
        for (const canary of CANARIES) assert.ok(!contents.includes(canary), canary);
        assert.ok(contents.includes('https://example.com/canary-url'), 'the rest is there to be looked at');
        await check(world, endpoint, notification);
      });
    });

    test('plain text from before is read, and encrypted in bounded steps', async () => {
      await withKeys(newHarness, [], async (world, useKeys) => {
        const { endpoint, notification } = await fill(world);
        for (let n = 0; n < MANY; n++) {
          await world.engine.store.endpoints.create({
            ...endpoint,
            id: world.ids.next<EndpointId>(),
            isDefault: false,
          });
        }
        assert.ok((await world.harness.contents()).includes(CANARIES[0] ?? ''));
        await useKeys([OLD]);
        await check(world, endpoint, notification);
        assert.deepEqual(await renew(world), { steps: 3, renewed: MANY + 2, unreadable: 0 });
        assert.deepEqual(await renew(world), { steps: 3, renewed: 0, unreadable: 0 });
        await check(world, endpoint, notification);
        await useKeys([OLD]);
        await check(world, endpoint, notification);
      });
    });

    test('keys are rotated: the old one decrypts until all is encrypted with the new one', async () => {
      await withKeys(newHarness, [OLD], async (world, useKeys) => {
        const { endpoint, notification } = await fill(world);
        let known: readonly string[] = await useKeys([NEW, OLD]);
        assert.deepEqual(known, [new SecretBox([OLD]).currentKeyId]);
        await check(world, endpoint, notification);
        known = await useKeys([NEW, OLD]);
        assert.deepEqual(known, [new SecretBox([OLD]).currentKeyId, new SecretBox([NEW]).currentKeyId].toSorted());
        await renew(world);
        known = await useKeys([NEW]);
        assert.deepEqual(known, [new SecretBox([NEW]).currentKeyId]);
        await check(world, endpoint, notification);
      });
    });

    test('a row that no key opens is that one’s fault alone, and is left alone by the renewal', async () => {
      await withKeys(newHarness, [OLD], async (world, useKeys) => {
        const { endpoint, notification } = await fill(world);
        await useKeys([NEW]);
        const { endpoints, notifications } = world.engine.store;
        const shown = await endpoints.get(endpoint.organizationId, endpoint.id);
        assert.deepEqual([shown?.status, shown?.disabledReason], ['disabled', 'unreadable']);
        await assert.rejects(() => notifications.get(notification.inboxId), UnreadableSecret);
        const [listed] = await notifications.list(null, 10);
        assert.deepEqual(listed, { ...notification, secret: null });
        const readable = { ...endpoint, id: world.ids.next<EndpointId>(), isDefault: false };
        await endpoints.create(readable);
        assert.deepEqual(await endpoints.get(endpoint.organizationId, readable.id), readable);
        assert.deepEqual(await renew(world, { complete: false }), { steps: 2, renewed: 0, unreadable: 2 });
        await useKeys([OLD, NEW]);
        await check(world, endpoint, notification);
      });
    });
  });
}

type UseKeys = (keys: readonly Uint8Array[]) => Promise<readonly string[]>;

/** `useKeys` starts again with other keys, and tells which ones the record says it was encrypted with. */
async function withKeys(
  newHarness: NewHarness,
  first: readonly Uint8Array[],
  body: (world: World, useKeys: UseKeys) => Promise<void>,
): Promise<void> {
  const harness = await newHarness();
  let keys = first;
  let known: readonly string[] = [];
  const world = new World(harness, {
    secrets: (ids) => {
      known = ids.toSorted();
      return new SecretBox(keys);
    },
  });
  await world.open();
  try {
    await body(world, async (next) => {
      keys = next;
      world.clock.advance(1_000);
      await world.reopen();
      return known;
    });
  } finally {
    await world.close();
    await harness.dispose();
  }
}

async function fill(world: World): Promise<{ endpoint: Endpoint; notification: InboxNotification }> {
  const organizationId = await world.organization();
  const [secret = '', previous = '', header = '', signingKey = '', key = ''] = CANARIES;
  const endpoint: Endpoint = {
    ...newEndpoint(world, organizationId),
    url: 'https://example.com/canary-url',
    headers: { authorization: header },
    secret,
    previousSecret: { secret: previous, expiresAt: world.clock.now() },
    options: {
      ...DEFAULT_OPTIONS,
      signingKey,
      previousSigningKey: { signingKey, expiresAt: world.clock.now() },
      clientCertificate: { certificate: 'public', key },
    },
  };
  assert.equal(await world.engine.store.endpoints.create(endpoint), 'created');
  const { id: inboxId } = await world.inbox(organizationId);
  const notification = { inboxId, organizationId, inboxName: 'a', url: 'https://example.com/told', secret };
  await world.engine.store.notifications.put(notification);
  return { endpoint, notification };
}

async function check(world: World, endpoint: Endpoint, notification: InboxNotification): Promise<void> {
  const { endpoints, notifications } = world.engine.store;
  assert.deepEqual(await endpoints.get(endpoint.organizationId, endpoint.id), endpoint);
  assert.deepEqual(await endpoints.find([endpoint.id]), [endpoint]);
  assert.deepEqual((await endpoints.all(endpoint.organizationId))[0], endpoint);
  assert.deepEqual(await notifications.get(notification.inboxId), notification);
  assert.deepEqual(await notifications.ofOrganization(notification.organizationId), [notification]);
  assert.deepEqual(await notifications.list(null, 10), [notification]);
}

async function renew(world: World, { complete = true } = {}) {
  const { secrets } = world.engine.store;
  let after: string | null = null;
  const all = { steps: 0, renewed: 0, unreadable: 0 };
  do {
    const step: Awaited<ReturnType<typeof secrets.renew>> = await secrets.renew(after);
    after = step.after;
    all.steps++;
    all.renewed += step.renewed;
    all.unreadable += step.unreadable;
  } while (after !== null);
  if (complete) await secrets.complete();
  return all;
}
