import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../support/cluster.ts';
import { Receiver } from '../support/receiver.ts';

test('an api that stops does not wait for a receiver that a test hangs at', { timeout: 60_000 }, async (context) => {
  const receiver = await Receiver.start(() => {});
  context.after(() => receiver.stop());
  const cluster = await Cluster.start(context);
  const api = await cluster.run('api');
  const client = cluster.client(api);
  const made = await client.post('/api/endpoints', { url: receiver.url, timeout_seconds: 30 });
  assert.equal(made.status, 201, made.text);
  const tried = client.post(`/api/endpoints/${made.json.id}/test`, {});
  await receiver.waitFor(1);
  const stopped = api.stop('SIGTERM');
  const { status, json } = await tried;
  assert.deepEqual([status, json.code], [503, 'unavailable'], 'ended by us, before its 30 s were over');
  assert.equal((await stopped).code, 0);
});
