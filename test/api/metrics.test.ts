import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService } from '../support/service.ts';

describe('metrics', () => {
  test('what happens is counted and timed, and nobody is named', async (context) => {
    const service = await startTestService(context);
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    context.after(() => receiver.stop());
    const endpoint = { url: `${receiver.url}/secret-path`, event_types: ['secret.type'], max_attempts: 1 };
    const { id } = (await service.post('/api/endpoints', endpoint)).json;
    const eventId = await service.send('secret.type', 1, { dedup_id: 'one' });
    await service.post('/api/events', { type: 'secret.type', data: 1, dedup_id: 'one' });
    await service.post('/api/events', { data: 1 });
    await service.post('/api/events/batch', [{ data: 1 }, { data: 2 }]);
    await service.get('/api/no-such-route');
    const value = (text: string, name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(name))
          ?.split(' ')
          .at(-1),
      );
    const text = await eventually(async () => {
      const page = await service.get('/metrics', { key: null });
      assert.equal(page.status, 200);
      assert.match(String(page.headers['content-type']), /^text\/plain/);
      assert.equal(value(page.text, 'triggers_deliveries_total{status="failed"}'), 1);
      // The lane is told of the end right after.
      assert.equal(value(page.text, 'triggers_lanes{state="sending"}'), 0);
      return page.text;
    });
    for (const [name, expected] of [
      ['triggers_up ', 1],
      ['triggers_events_total{outcome="accepted"}', 1],
      ['triggers_events_total{outcome="duplicate"}', 1],
      ['triggers_events_total{outcome="rejected"}', 3],
      ['triggers_event_persisted_seconds_count', 1],
      ['triggers_attempt_duration_seconds_count{result="status"}', 1],
      ['triggers_deliveries_waiting ', 0],
      ['triggers_retries_due ', 0],
      ['triggers_events_dead ', 0],
      ['triggers_http_request_duration_seconds_count{route="/api/events",method="POST",status="202"}', 1],
    ] as const) {
      assert.equal(value(text, name), expected, `${name}\n${text}`);
    }
    assert.match(text, /triggers_event_loop_delay_seconds_bucket/);
    for (const secret of [eventId, id, 'secret', service.key, 'no-such-route'])
      assert.ok(!text.includes(secret), secret);
  });

  test('labels come from a fixed set: methods and routes that are none are one word each', async (context) => {
    const service = await startTestService(context);
    const odd = ['PROPFIND', 'SEARCH', 'LOCK', 'TRACE', 'PURGE', 'MKCOL', 'OPTIONS', 'PUT'];
    for (const path of ['/api/events', '/health', '/nowhere/1', '/nowhere/2']) {
      for (const method of odd) await service.call(method, path, { key: null });
    }
    const { text } = await service.get('/metrics', { key: null });
    for (const word of ['PROPFIND', 'SEARCH', 'LOCK', 'TRACE', 'PURGE', 'MKCOL', 'nowhere']) {
      assert.ok(!text.includes(word), word);
    }
    const series = [...text.matchAll(/^triggers_http_request_duration_seconds_count\{(.*)\}/gm)].map(
      ([, labels]) => labels,
    );
    const ofOdd = series.filter((labels) => labels?.includes('method="unknown"'));
    assert.deepEqual(ofOdd.toSorted(), [
      'route="unknown",method="unknown",status="404"',
      'route="unknown",method="unknown",status="405"',
    ]);
  });

  test('PROMETHEUS_ENABLED=false: there is no page', async (context) => {
    const service = await startTestService(context, { PROMETHEUS_ENABLED: 'false' });
    assert.equal((await service.get('/metrics')).status, 404);
  });
});
