import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { SCOPES } from '../../src/core/administration/organization.ts';
import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import { type DeliveryId, type EndpointId, type EventId, IdSource } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json/json-text.ts';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { EndpointDirectory } from '../../src/pipeline/accepting/endpoint-directory.ts';
import { hashKey } from '../../src/pipeline/access/authenticator.ts';
import { Deliverer } from '../../src/pipeline/delivering/deliverer.ts';
import type { DeliveryQueue } from '../../src/ports/record/delivery-queue.ts';
import { createSender } from '../../src/sender/sender.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('an event whose fan-out was older than the end of its endpoint is skipped, not left waiting', async (context) => {
  const { store, bus, clock, organization, endpointId, send } = await startDeliverer(context);
  await store.endpoints.disable(endpointId, 'gone', clock.now());
  await bus.publish({ kind: 'endpoints_changed', organizationId: organization.id, endpointId });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const eventId = await send('late');
  await eventually(async () => {
    const [delivery] = await store.deliveries.ofEvent(organization.id, eventId);
    assert.equal(delivery?.status, 'skipped');
  });
});

test("nothing is sent with an endpoint's old settings while a change is read", async (context) => {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const other = await Receiver.start();
  context.after(() => other.stop());
  let gate = Promise.resolve();
  const world = await startDeliverer(context, receiver.url, () => gate);
  await world.send('before');
  await receiver.waitFor(1);
  const opened = Promise.withResolvers<void>();
  gate = opened.promise;
  const { organization, endpointId, store, clock, bus, send } = world;
  await store.endpoints.update(organization.id, endpointId, { url: other.url, updatedAt: clock.now() });
  await bus.publish({ kind: 'endpoints_changed', organizationId: organization.id, endpointId });
  await send('after');
  await new Promise((resolve) => setTimeout(resolve, 100));
  opened.resolve();
  await other.waitFor(1);
  assert.equal(receiver.requests.length, 1);
});

test('one at a time means one at a time, the oldest first, however fast they come', async (context) => {
  const { receiver, gotOneByOne } = await slowReceiver(context);
  const { send } = await startDeliverer(context, receiver.url);
  const sent: EventId[] = [await send('first')];
  await receiver.waitFor(1);
  for (let burst = 0; burst < 20; burst++) {
    sent.push(...(await Promise.all(Array.from({ length: 10 }, () => send('many')))));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
  }
  await gotOneByOne(sent);
});

test('a stop records attempts in flight as interrupted without counting a failure; unsent deliveries keep their attempt number', async (context) => {
  const receiver = await Receiver.start(() => {});
  context.after(() => receiver.stop());
  const { store, organization, endpointId, send, deliverer } = await startDeliverer(context, receiver.url);
  const [cut, waiting] = [await send('cut'), await send('waiting')];
  await receiver.waitFor(1);
  await deliverer.stop(10);
  const [first] = await store.deliveries.ofEvent(organization.id, cut);
  assert.ok(first);
  // Of one attempt, which an endpoint's policy may allow in all.
  assert.deepEqual([first.status, first.attempts, first.lastError], ['retrying', 1, 'interrupted']);
  const attempts = await store.deliveries.attempts(organization.id, first.id);
  assert.deepEqual(
    attempts.map(({ number, error, errorDetail }) => [number, error, errorDetail]),
    [[1, 'interrupted', 'the service stopped before the receiver answered']],
  );
  const [second] = await store.deliveries.ofEvent(organization.id, waiting);
  assert.deepEqual([second?.status, second?.attempts], ['pending', 0]);
  const endpoint = await store.endpoints.get(organization.id, endpointId);
  assert.equal(endpoint?.failingSince, null, 'the receiver is not to blame');
});

test('concurrent claims are for different lanes', async (context) => {
  const { receiver, gotOneByOne } = await slowReceiver(context);
  // What one taking got is on its way while something new becomes due.
  const slowly = () => new Promise<void>((resolve) => setTimeout(resolve, 5 + Math.random() * 10));
  const { send } = await startDeliverer(context, receiver.url, undefined, slowly);
  const sent: EventId[] = [];
  for (let n = 0; n < 60; n++) {
    sent.push(await send('paced'));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
  }
  await gotOneByOne(sent);
});

test('a claim that never ends is a stall, and the end of it ends the stall', async (context) => {
  const answered = Promise.withResolvers<void>();
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const claimed = Promise.withResolvers<void>();
  const { send, clock, deliverer } = await startDeliverer(context, receiver.url, undefined, () => {
    claimed.resolve();
    return answered.promise;
  });
  assert.equal(deliverer.stalledMs(), 0);
  clock.shiftMs = 60_000;
  assert.equal(deliverer.stalledMs(), 0, 'nothing is due');
  await send('stuck');
  await claimed.promise;
  clock.shiftMs = 95_000;
  assert.ok(deliverer.stalledMs() >= 30_000);
  answered.resolve();
  await receiver.waitFor(1);
  assert.equal(deliverer.stalledMs(), 0);
});

test('payload beyond the memory bound waits, and all of it is delivered', async (context) => {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const large = { maxCharacters: 30_000, endpoint: { maxConcurrency: 20 }, data: 'x'.repeat(10_000) };
  const { send } = await startDeliverer(context, receiver.url, undefined, undefined, large);
  const sent = await Promise.all(Array.from({ length: 40 }, () => send('large')));
  await receiver.waitFor(sent.length);
  const ids = receiver.requests.map(({ headers }) => headers['webhook-id']);
  assert.deepEqual(ids.toSorted(), sent.toSorted(), 'each once');
  assert.deepEqual(new Set(receiver.requests.map(({ headers }) => headers['x-attempt'])), new Set(['1']));
});

test('a batch is sent early when its deliveries hold too much memory', async (context) => {
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());
  const batch = { maxEvents: 100, maxWaitMs: 300_000 };
  const endpoint = { maxConcurrency: 5, options: { ...DEFAULT_OPTIONS, batch } };
  const large = { maxCharacters: 50_000, endpoint, data: 'x'.repeat(10_000) };
  const { send } = await startDeliverer(context, receiver.url, undefined, undefined, large);
  for (let n = 0; n < 6; n++) await send('large');
  await receiver.waitFor(1);
});

/** The machine's clock, and more. */
class ShiftedClock extends SystemClock {
  shiftMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.shiftMs;
  }
}

/** One that answers after up to 3 ms, and knows how many requests it had at once. */
async function slowReceiver(context: TestContext) {
  let underWay = 0;
  let most = 0;
  const receiver = await Receiver.start((_received, response) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      response.writeHead(204).end();
    }, Math.random() * 3);
  });
  context.after(() => receiver.stop());
  const gotOneByOne = async (sent: readonly EventId[]): Promise<void> => {
    await receiver.waitFor(sent.length);
    assert.equal(most, 1);
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers['webhook-id']),
      sent,
    );
  };
  return { receiver, gotOneByOne };
}

/**
 * A deliverer over a real engine with one endpoint.
 * @param beforeFind what every look at the endpoint waits for
 * @param afterTake what waits between the queue's answer and the deliverer
 */
async function startDeliverer(
  context: TestContext,
  url = 'http://127.0.0.1:9/',
  beforeFind: () => Promise<void> = async () => {},
  afterTake?: () => Promise<void>,
  more: { maxCharacters?: number; endpoint?: Partial<Endpoint>; data?: unknown } = {},
) {
  const clock = new ShiftedClock();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const endpointId = ids.next<EndpointId>();
  const engine = openSqliteEngine({
    dataDir: temporaryFolder(context),
    clock,
    ids,
    fanOut: () => [{ id: ids.next<DeliveryId>(), endpointId, status: 'pending', orderingGroup: null }],
    dedupWindowMs: 1_000,
    maxBacklog: null,
    onFatal: (error) => assert.fail(String(error)),
  });
  const { store, bus } = engine;
  const now = clock.now();
  const organization = { id: ids.next<never>(), name: 'a', tier: 'unlimited', createdAt: now } as const;
  const key = { organizationId: organization.id, name: 'a', prefix: 'a', sha256: hashKey('a'), createdAt: now };
  await store.organizations.create(organization, {
    ...key,
    id: ids.next<never>(),
    expiresAt: null,
    scopes: SCOPES,
    lastUsedAt: null,
  });
  await store.endpoints.create({
    id: endpointId,
    organizationId: organization.id,
    url,
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [1_000] },
    timeoutMs: 60_000,
    status: 'active',
    disabledReason: null,
    secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    previousSecret: null,
    failingSince: null,
    lastFault: null,
    options: DEFAULT_OPTIONS,
    isDefault: false,
    createdAt: now,
    updatedAt: now,
    ...more.endpoint,
  });
  const sender = createSender({ allowedNetworks: [], allowLoopback: true, httpsOnly: false, clock });
  const { endpoints } = store;
  const gated = Object.assign(Object.create(endpoints) as typeof endpoints, {
    find: async (wanted: readonly EndpointId[]) => {
      await beforeFind();
      return endpoints.find(wanted);
    },
  });
  const directory = new EndpointDirectory({ store: gated, bus, clock, maxAgeMs: Number.POSITIVE_INFINITY });
  const { queue } = engine;
  if (afterTake !== undefined) {
    const take = queue.claim.bind(queue);
    const slowly: Partial<DeliveryQueue> = {
      claim: async (demands) => {
        const taken = await take(demands);
        await afterTake();
        return taken;
      },
    };
    Object.assign(queue, slowly);
  }
  const deliverer = new Deliverer(pipelineContext({ clock, bus, ids }), engine, sender, directory, {
    userAgent: 'test',
    maxOpenFiles: 1_024,
    disableAfterMs: 1_000_000,
    ...(more.maxCharacters === undefined ? {} : { maxCharacters: more.maxCharacters }),
  });
  await deliverer.start();
  context.after(async () => {
    await deliverer.stop(100);
    await engine.close();
  });
  const send = async (type: string): Promise<EventId> => {
    const id = ids.next<EventId>();
    const event = {
      organizationId: organization.id,
      data: jsonText(more.data ?? 1),
      dedupId: null,
      orderingKey: null,
      deliverAt: null,
      createdAt: clock.now(),
      traceparent: null,
      hops: 0,
    };
    await engine.intake.accept([{ id, type, ...event }]);
    return id;
  };
  return { deliverer, store, bus, clock, organization, endpointId, send };
}
