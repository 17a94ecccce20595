import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import { IdSource } from '../../src/core/ids.ts';
import { jsonText } from '../../src/core/json/json-text.ts';
import { EndpointTester } from '../../src/pipeline/delivering/endpoint-tester.ts';
import { clock, openSender, rawReceiver, until } from '../sender/support.ts';

test('a test that we end ourselves is no attempt, and each that ends makes room', async () => {
  await using receiver = await rawReceiver((socket, n) => {
    if (n > 10) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    else if (n > 1) socket.destroy();
  });
  const sender = openSender();
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const station = new EndpointTester({ ids, clock }, sender, 'test');
  const endpoint: Endpoint = {
    id: ids.next<never>(),
    organizationId: ids.next<never>(),
    url: receiver.url,
    description: '',
    eventTypes: [],
    headers: {},
    maxConcurrency: 1,
    retryPolicy: { maxAttempts: 1, schedule: [1_000] },
    timeoutMs: 60_000,
    status: 'disabled',
    disabledReason: 'gone',
    secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    previousSecret: null,
    failingSince: null,
    lastFault: null,
    options: DEFAULT_OPTIONS,
    isDefault: false,
    createdAt: clock.now(),
    updatedAt: clock.now(),
  };
  const content = { type: 'a', data: jsonText(1) };
  const hung = station.send(endpoint, content);
  await until(() => receiver.requests.length === 1);
  const nine = Array.from({ length: 9 }, () => station.send(endpoint, content));
  assert.deepEqual(await station.send(endpoint, content), { kind: 'too_many' });
  for (const sent of await Promise.all(nine)) {
    assert.ok(sent.kind === 'made' && sent.attempt.error === 'connection_reset');
  }
  assert.equal((await station.send(endpoint, content)).kind, 'made');
  await sender.close(0);
  assert.deepEqual(await hung, { kind: 'local' });
  assert.deepEqual(await station.send(endpoint, content), { kind: 'local' });
});
