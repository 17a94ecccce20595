import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { SILENT_LOG } from '../../src/app/log.ts';
import type { NewDelivery } from '../../src/core/delivery.ts';
import { DEFAULT_OPTIONS } from '../../src/core/endpoint.ts';
import { type DeliveryId, type EventId, IdSource } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json-text.ts';
import { SCOPES } from '../../src/core/organization.ts';
import { openSqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { hashKey } from '../../src/pipeline/authenticate.ts';
import { Deliverer } from '../../src/pipeline/deliver.ts';
import { EndpointDirectory } from '../../src/pipeline/endpoint-directory.ts';
import { NO_METRICS } from '../../src/ports/metrics.ts';
import { NO_TRACER } from '../../src/ports/tracer.ts';
import { createSender } from '../../src/sender/sender.ts';
import { eventually } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('an event whose fan-out was older than the end of its endpoint is skipped, not left waiting', async (context) => {
  const clock = new SystemClock();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  let deliveries: readonly NewDelivery[] = [];
  const engine = openSqliteEngine({
    dataDir: temporaryFolder(context),
    clock,
    ids,
    fanOut: () => deliveries,
    dedupWindowMs: 1_000,
    maxBacklog: null,
    onFatal: (error) => assert.fail(String(error)),
  });
  const { store, bus, activity } = engine;
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
  const endpointId = ids.next<never>();
  await store.endpoints.create({
    id: endpointId,
    organizationId: organization.id,
    url: 'http://127.0.0.1:9/',
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [1_000] },
    timeoutMs: 1_000,
    status: 'active',
    disabledReason: null,
    secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    previousSecret: null,
    failingSince: null,
    options: DEFAULT_OPTIONS,
    isDefault: false,
    createdAt: now,
    updatedAt: now,
  });
  const sender = createSender({ allowedNetworks: [], allowLoopback: true, httpsOnly: false, clock });
  const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: Number.POSITIVE_INFINITY });
  const endpoints = store.endpoints;
  const parts = {
    queue: engine.queue,
    endpoints,
    directory,
    bus,
    activity,
    sender,
    clock,
    log: SILENT_LOG,
    userAgent: 'test',
    metrics: NO_METRICS,
    tracer: NO_TRACER,
    maxOpenFiles: 1_024,
    intake: engine.intake,
    ids,
    disableAfterMs: 1_000_000,
  };
  const deliverer = new Deliverer(parts);
  await deliverer.start();
  try {
    await endpoints.disable(endpointId, 'gone', clock.now());
    await bus.publish({ kind: 'endpoints_changed', organizationId: organization.id, endpointId });
    await new Promise((resolve) => setTimeout(resolve, 50));
    deliveries = [{ id: ids.next<DeliveryId>(), endpointId, status: 'pending', orderGroup: null }];
    const eventId = ids.next<EventId>();
    await engine.intake.accept([
      {
        id: eventId,
        organizationId: organization.id,
        type: 'late',
        data: jsonText(1),
        dedupId: null,
        orderingKey: null,
        deliverAt: null,
        createdAt: now,
        traceparent: null,
        hops: 0,
      },
    ]);
    await eventually(async () => {
      const [delivery] = await store.deliveries.ofEvent(organization.id, eventId);
      assert.equal(delivery?.status, 'skipped');
    }, 2_000);
  } finally {
    await deliverer.stop(100);
    await engine.close();
  }
});
