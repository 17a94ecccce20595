import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import { IdSource } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json/json-text.ts';
import { timestamp } from '../../src/core/time.ts';
import { webhookRequest } from '../../src/pipeline/delivering/webhook-request.ts';
import { openSender, rawReceiver } from '../sender/support.ts';

const NOW = timestamp(1_767_225_600_000);
const ids = new IdSource(() => NOW, randomFillSync);
const organizationId = ids.next<never>();

function endpoint(url: string, format: 'standard' | 'cloudevents' = 'standard'): Endpoint {
  return {
    id: ids.next<never>(),
    organizationId,
    url,
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [1_000] },
    timeoutMs: 5_000,
    status: 'active',
    disabledReason: null,
    secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    previousSecret: null,
    failingSince: null,
    lastFault: null,
    options: { ...DEFAULT_OPTIONS, format },
    isDefault: false,
    createdAt: NOW,
    updatedAt: NOW,
  };
}

function delivery(data: string) {
  const event = {
    id: ids.next<never>(),
    organizationId,
    type: 'a',
    data: jsonText(data),
    dedupId: null,
    orderingKey: null,
    deliverAt: null,
    createdAt: NOW,
    traceparent: null,
    hops: 0,
  };
  const common = { id: ids.next<never>(), organizationId, endpointId: ids.next<never>(), event, origin: null };
  return { ...common, attemptNumber: 1, failures: 0, leasedUntil: NOW };
}

test('a large body is made once for all endpoints and attempts, and arrives whole', async () => {
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 204\r\n\r\n'));
  await using sender = openSender();
  const large = delivery('ü'.repeat(100_000));
  const requests = [endpoint(receiver.url), endpoint(receiver.url), endpoint(receiver.url, 'cloudevents')].map((to) =>
    webhookRequest({ delivery: large, endpoint: to, at: NOW, userAgent: 'test' }),
  );
  const [first, second, other] = requests;
  assert.ok(first?.bodyBytes !== undefined);
  assert.equal(first.bodyBytes, second?.bodyBytes);
  assert.equal(first.body, second?.body);
  assert.notEqual(first.bodyBytes, other?.bodyBytes);
  for (const request of requests) {
    assert.equal(request.bodyBytes?.toString(), request.body);
    for (let n = 0; n < 2; n++) assert.equal((await sender.send(request)).statusCode, 204);
  }
  for (const [n, text] of receiver.requests.entries()) {
    const body = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1').toString();
    assert.ok(body === requests[Math.floor(n / 2)]?.body, `request ${n}`);
  }
  assert.equal(receiver.connects, 3, 'connections were kept');
  const small = webhookRequest({
    delivery: delivery('x'),
    endpoint: endpoint('http://a/'),
    at: NOW,
    userAgent: 'test',
  });
  assert.equal(small.bodyBytes, undefined);
});
