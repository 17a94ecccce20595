import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chosenEngine } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService } from '../support/service.ts';
import { attribute, spanOf, TraceCollector } from '../support/trace-collector.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN = '00f067aa0ba902b7';

describe('traces', () => {
  test('one trace from the client to the receiver', async (context) => {
    const collector = await TraceCollector.start(context);
    const answers = [500, 200];
    const receiver = await Receiver.start((_got, response) => void response.writeHead(answers.shift() ?? 200).end());
    context.after(() => receiver.stop());
    const service = await startTestService(context, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret-of-collector',
      WEBHOOK_RETRY_SCHEDULE: '1s',
    });
    await service.post('/api/endpoints', { url: `${receiver.url}/secret-path`, event_types: ['order.paid'] });
    const headers = { traceparent: `00-${TRACE}-${CLIENT_SPAN}-01` };
    const sent = await service.post('/api/events', { type: 'order.paid', data: 'secret payload' }, { headers });
    assert.equal(sent.status, 202);

    const spans = await eventually(() => {
      const found = collector.spansOf(TRACE);
      assert.equal(found.length, 4, JSON.stringify(found));
      return found;
    });
    const accept = spanOf(spans, 'accept event');
    const persist = spanOf(spans, 'persist event');
    const first = spanOf(spans, 'attempt 1');
    const second = spanOf(spans, 'attempt 2');
    assert.equal(accept.parentSpanId, CLIENT_SPAN);
    for (const span of [persist, first, second]) assert.equal(span.parentSpanId, accept.spanId, span.name);
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 4);
    assert.deepEqual(first.status, { code: 2, message: 'status' });
    assert.equal(attribute(first, 'http.response.status_code'), '500');
    assert.equal(second.status, undefined);
    assert.equal(attribute(second, 'triggers.event_id'), sent.json.id);
    assert.deepEqual(
      receiver.requests.map(({ headers: got }) => got['traceparent']),
      [first, second].map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    for (const span of spans) assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), span.name);
    assert.equal(collector.headers?.['authorization'], 'Bearer secret-of-collector');
    for (const secret of ['secret', receiver.url, service.key])
      assert.ok(!JSON.stringify(spans).includes(secret), secret);
  });

  test('what the client does not record is not recorded here, and without a client the ratio decides', async (context) => {
    const collector = await TraceCollector.start(context);
    const service = await startTestService(context, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    const send = (traceparent?: string) =>
      service.post(
        '/api/events',
        { type: 'a', data: 1 },
        { headers: traceparent === undefined ? {} : { traceparent } },
      );
    await send(`00-${'b'.repeat(32)}-${CLIENT_SPAN}-00`);
    await send();
    // The last one is recorded: when it is there, those before it would be.
    await send(`00-${TRACE}-${CLIENT_SPAN}-01`);
    await eventually(() => assert.equal(collector.spansOf(TRACE).length, 2));
    assert.deepEqual(new Set(collector.spans.map(({ traceId }) => traceId)), new Set([TRACE]));
  });

  test('a collector that is gone, or refuses, hurts nobody; a stop sends what waits', async (context) => {
    const collector = await TraceCollector.start(context, 503);
    const receiver = await Receiver.start((_got, response) => void response.writeHead(200).end());
    context.after(() => receiver.stop());
    const service = await startTestService(context, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await service.post('/api/endpoints', { url: receiver.url, event_types: ['a'] });
    const id = await service.send('a', 1);
    await eventually(() => assert.equal(receiver.requests.length, 1));
    await service.stop();
    const names = collector.spansOf(id.replaceAll('-', '')).map(({ name }) => name);
    assert.deepEqual(names.sort(), ['accept event', 'attempt 1', 'persist event'], chosenEngine());
  });
});
