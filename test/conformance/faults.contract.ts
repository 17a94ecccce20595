import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import type { Endpoint } from '../../src/core/delivery/endpoint.ts';
import { IdSource, type InboxId, type JobId, type OrganizationId } from '../../src/core/ids.ts';
import { type Timestamp, toIso } from '../../src/core/time.ts';
import { EndpointDirectory } from '../../src/pipeline/accepting/endpoint-directory.ts';
import { createFanOut } from '../../src/pipeline/accepting/fan-out.ts';
import { Deliverer } from '../../src/pipeline/delivering/deliverer.ts';
import { Eraser } from '../../src/pipeline/erasure/eraser.ts';
import { Notifier } from '../../src/pipeline/inbox/notifier.ts';
import { Persister } from '../../src/pipeline/recording/persister.ts';
import { Reconciler } from '../../src/pipeline/recording/reconciler.ts';
import { Retention } from '../../src/pipeline/recording/retention.ts';
import { JobAllowance } from '../../src/pipeline/redelivery/job-allowance.ts';
import { JobRunner } from '../../src/pipeline/redelivery/job-runner.ts';
import type { Engine } from '../../src/ports/engine.ts';
import { type FaultPart, type Metrics, NO_METRICS } from '../../src/ports/observability/metrics.ts';
import type { FanOut } from '../../src/ports/record/fan-out.ts';
import { EngineUnavailable } from '../../src/ports/unavailable.ts';
import { createSender } from '../../src/sender/sender.ts';
import { type Fault, faulty } from '../support/faulty.ts';
import { HANG_MS } from '../support/hang.ts';
import { newEndpoint } from '../support/new-endpoint.ts';
import { pipelineContext } from '../support/pipeline-context.ts';
import { randomFrom } from '../support/random.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually } from '../support/service.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

const EVENTS = 20;

/** An error belongs to what caused it: whatever call of whatever station fails, everybody else is served. */
export function faultsContract(newHarness: NewHarness): void {
  const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);

  describe(`pipeline stages under faults (FAULTS_SEED=${seed})`, () => {
    test(
      'calls fail at random: all events, jobs, notifications and erasures come to their end',
      inRealTime(newHarness, async (world) => {
        const random = randomFrom(seed);
        const fault: Fault = (name) => {
          // Where the end of a claim fails too, the next notification comes when the claim runs out: after three minutes.
          if (random() >= 0.05 || name === 'store.notifications.arm') return undefined;
          return random() < 0.5 ? new EngineUnavailable('unreachable', 'injected') : new Error(`injected in ${name}`);
        };
        await served(await someStations(world, fault));
      }),
    );

    test(
      'every call that concerns one organization fails, always: the others are served',
      inRealTime(newHarness, async (world) => {
        const poisoned = new Set<string>();
        const fault: Fault = (name, args) => {
          const text = poisoned.size === 0 ? '' : JSON.stringify(args);
          return [...poisoned].some((id) => text.includes(id)) ? new Error(`injected in ${name}`) : undefined;
        };
        const stations = await someStations(world, fault);
        const bad = await stations.tenant();
        poisoned.add(bad.organizationId).add(bad.endpoint.id).add(bad.inboxId);
        await bad.publish();
        await served(stations);
        assert.equal(bad.receiver.requests.length, 0);
        assert.ok((stations.faults.get('lane') ?? 0) + (stations.faults.get('recording') ?? 0) > 0);
      }),
    );
  });

  describe('faults kept to their endpoint', () => {
    test(
      'whatever a row holds, it is shown and stops no other endpoint of its organization',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { endpoints } = world.engine.store;
        const clientCertificate = { certificate: 1, key: null } as unknown as { certificate: string; key: string };
        const rows: readonly Partial<Endpoint>[] = [
          { eventTypes: [1, null] as unknown as string[] },
          { headers: { 'X-A': 5 } as unknown as Record<string, string> },
          { options: { ...newEndpoint(world, organizationId).options, clientCertificate } },
          { failingSince: 9e15 as Timestamp },
          { updatedAt: 9e15 as Timestamp },
        ];
        for (const row of rows) await endpoints.create({ ...newEndpoint(world, organizationId), ...row });
        await endpoints.create(newEndpoint(world, organizationId));
        const all = await endpoints.all(organizationId);
        assert.deepEqual(
          all.map(({ disabledReason }) => disabledReason),
          [...rows.map(() => 'unreadable'), null],
        );
        for (const { createdAt, updatedAt } of all) assert.ok(toIso(createdAt) + toIso(updatedAt));
      }),
    );

    test(
      'a row that cannot be read is a disabled endpoint, which is never written over',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { endpoints } = world.engine.store;
        const broken = newEndpoint(world, organizationId, { retryPolicy: { maxAttempts: 1, schedule: [] } });
        const whole = newEndpoint(world, organizationId);
        const options = { ...broken.options, batch: 7 as unknown as Endpoint['options']['batch'], filter: undefined };
        await endpoints.create({ ...broken, options: { ...options, filter: null } });
        await endpoints.create(whole);
        // `batch` is no object: JSON that nobody here writes.
        const shown = await endpoints.get(organizationId, broken.id);
        assert.deepEqual([shown?.status, shown?.disabledReason, shown?.url], ['disabled', 'unreadable', broken.url]);
        assert.deepEqual((await endpoints.all(organizationId)).map(({ status }) => status).toSorted(), [
          'active',
          'disabled',
        ]);
        assert.deepEqual(
          (await endpoints.find([broken.id, whole.id])).map((endpoint) => endpoint?.disabledReason),
          ['unreadable', null],
        );
        await assert.rejects(endpoints.update(organizationId, broken.id, { updatedAt: world.clock.now() }), /read/);
        assert.equal(await endpoints.remove(organizationId, broken.id), true);
      }),
    );

    test(
      'a fault stands with its endpoint until the endpoint is changed',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { endpoints } = world.engine.store;
        const endpoint = newEndpoint(world, organizationId);
        await endpoints.create(endpoint);
        const revision = await endpoints.revision(organizationId);
        const fault = { at: world.clock.now(), message: 'Unexpected error' };
        await endpoints.recordFault(endpoint.id, fault);
        assert.deepEqual(await endpoints.get(organizationId, endpoint.id), { ...endpoint, lastFault: fault });
        assert.equal(await endpoints.revision(organizationId), revision);
        await endpoints.update(organizationId, endpoint.id, { updatedAt: world.clock.now() });
        assert.equal((await endpoints.get(organizationId, endpoint.id))?.lastFault, null);
      }),
    );

    test(
      'a delivery whose event is gone is canceled when it is due, and those behind it go on',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [first] = await world.accept(organizationId, 1, { orderingKey: 'a' });
        const [second] = await world.accept(organizationId, 1, { orderingKey: 'a' });
        assert.ok(first && second);
        const [waiting] = await world.engine.store.deliveries.ofEvent(organizationId, first.id);
        assert.ok(waiting);
        await world.harness.removeEventRow(first.id);
        assert.deepEqual(await world.take(endpointId), []);
        const ended = await world.engine.store.deliveries.get(organizationId, waiting.id);
        assert.equal(ended?.status, 'canceled');
        assert.deepEqual(
          (await world.take(endpointId)).map(({ event }) => event.id),
          [second.id],
        );
      }),
    );

    test(
      'no delivery is added for an event that is gone',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const [gone, there] = await world.accept(organizationId, 2);
        assert.ok(gone && there);
        await world.harness.removeEventRow(gone.id);
        const added = [gone, there].map(({ id, type }) => ({
          id: world.ids.next<never>(),
          organizationId,
          eventId: id,
          eventType: type,
          endpointId,
          orderingGroup: null,
          dueAt: world.clock.now(),
        }));
        assert.equal(await world.engine.redelivery.add(added), 1);
      }),
    );
  });
}

type Stations = Awaited<ReturnType<typeof someStations>>;

/** Two tenants get everything they are due. */
async function served(stations: Stations): Promise<void> {
  try {
    const [one, other] = [await stations.tenant(), await stations.tenant()];
    const ids = await one.publish();
    const others = await other.publish();
    const got = async (tenant: typeof one, wanted: readonly string[], times: number) =>
      eventually(async () => {
        const received = tenant.receiver.requests.filter(({ path }) => path === '/hook');
        for (const id of wanted) {
          const count = received.filter(({ headers }) => headers['webhook-id'] === id).length;
          assert.ok(count >= times, `${id} came ${count} times; faults: ${JSON.stringify([...stations.faults])}`);
        }
        assert.ok(
          tenant.receiver.requests.some(({ path }) => path === '/inbox'),
          'notified',
        );
      }, 5 * HANG_MS);
    await Promise.all([got(one, ids, 1), got(other, others, 1)]);
    const { store, bus } = stations.engine;
    const replayed = async () => {
      const jobId = await one.replayAll();
      await eventually(async () => {
        assert.equal((await store.jobs.get(one.organizationId, jobId))?.status, 'done');
      }, 5 * HANG_MS);
      await got(one, ids, 2);
    };
    const erased = async () => {
      await store.erasure.put(other.organizationId, { erasedBefore: stations.clock.now() });
      await bus.publish({ kind: 'erasure_asked' });
      await eventually(async () => {
        const query = { limit: 10, after: null, from: null, to: null, type: null };
        assert.deepEqual(await store.events.list(other.organizationId, query), []);
      }, 5 * HANG_MS);
    };
    await Promise.all([replayed(), erased()]);
  } finally {
    await stations.stop();
  }
}

/** Runs on the machine's clock, with fan-out by the endpoints in the store. */
function inRealTime(newHarness: NewHarness, run: (world: World) => Promise<void>) {
  const clock = new SystemClock();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  let fanOut: FanOut = () => [];
  return inWorld(
    newHarness,
    async (world) => {
      const { store, bus } = world.engine;
      const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: 1_000 });
      fanOut = createFanOut(directory, ids);
      await run(world);
    },
    { clock, ids, fanOut: (event) => fanOut(event), withoutWorker: true },
  );
}

async function someStations(world: World, fault: Fault) {
  const real = world.engine;
  const clock = new SystemClock();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const faults = new Map<FaultPart, number>();
  const metrics: Metrics = {
    ...NO_METRICS,
    fault: (part) => void faults.set(part, (faults.get(part) ?? 0) + 1),
  };
  const engine: Engine = faulty(real, fault);
  const { store, worker, activity } = engine;
  const { bus } = real;
  const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: 1_000 });
  const sender = createSender({ allowedNetworks: [], allowLoopback: true, httpsOnly: false, clock });
  const context = pipelineContext({ clock, bus, ids, metrics });
  const userAgent = 'test';
  const options = { userAgent, maxOpenFiles: 1_024, disableAfterMs: 1_000_000 };
  const deliverer = new Deliverer(context, engine, sender, directory, options);
  const persister =
    worker === null ? null : new Persister(context, { ...worker, activity }, createFanOut(directory, ids), 4);
  const leadership = worker?.leadership ?? null;
  const reconciler = worker === null ? null : new Reconciler(context, worker);
  const rateLimits = { free: null, pro: null, business: null, enterprise: null, unlimited: null };
  const allowance = new JobAllowance({ store, rateLimiter: real.rateLimiter, rateLimits });
  const jobs = new JobRunner(context, engine, allowance, leadership);
  const notifier = new Notifier(context, store, sender, userAgent);
  const eraser = new Eraser(context, engine);
  const retention = new Retention(context, store, { keepMs: 1e9, dedupWindowMs: 1e9, wholeDays: true, leadership });
  const receivers: Receiver[] = [];

  persister?.start();
  reconciler?.start();
  // The process would not have started: what comes after that is under test.
  while (
    !(await deliverer.start().then(
      () => true,
      () => false,
    ))
  );
  notifier.start();
  jobs.start();
  eraser.start();
  retention.start();

  async function tenant() {
    const organizationId: OrganizationId = await world.organization();
    const receiver = await Receiver.start();
    receivers.push(receiver);
    const retryPolicy = { maxAttempts: 20, schedule: [100] };
    const endpoint = newEndpoint({ clock, ids }, organizationId, { url: `${receiver.url}/hook`, retryPolicy });
    await real.store.endpoints.create(endpoint);
    await bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: endpoint.id });
    const inbox = await world.inbox(organizationId);
    const inboxId: InboxId = inbox.id;
    await real.store.notifications.put({
      inboxId,
      organizationId,
      inboxName: inbox.name,
      url: `${receiver.url}/inbox`,
      secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    });
    return {
      organizationId,
      endpoint,
      inboxId,
      receiver,
      publish: async () => {
        const events = Array.from({ length: EVENTS }, () => world.event(organizationId));
        for (const event of events) await real.intake.accept([event]);
        return events.map(({ id }) => id);
      },
      replayAll: async (): Promise<JobId> => {
        const id = ids.next<JobId>();
        const at = clock.now();
        await real.store.jobs.create({
          id,
          organizationId,
          status: 'running',
          place: null,
          lookedAt: 0,
          made: 0,
          error: null,
          createdAt: at,
          updatedAt: at,
          kind: 'replay',
          parameters: { endpointIds: [endpoint.id], type: null, filter: null, status: null, from: null, to: null },
        });
        await bus.publish({ kind: 'job_added' });
        return id;
      },
    };
  }

  return {
    engine: real,
    clock,
    faults,
    tenant,
    stop: async () => {
      await Promise.all([persister?.stop(), reconciler?.stop(), notifier.stop(), jobs.stop(), eraser.stop()]);
      await retention.stop();
      await deliverer.stop(100);
      for (const receiver of receivers) await receiver.stop();
    },
  };
}
