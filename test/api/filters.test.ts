import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('filters by content, previews and traces', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let receiver: Receiver;
  before(async () => {
    service = await startTestService(cleanup);
    receiver = await Receiver.start();
    cleanup.after(() => receiver.stop());
  });

  async function endpoint(raw: string): Promise<string> {
    const created = await service.call('POST', '/api/endpoints', { raw: `{"url":"${receiver.url}",${raw}}` });
    assert.equal(created.status, 201, created.text);
    return created.json.id;
  }

  async function endpointsOf(eventId: string): Promise<string[]> {
    const { deliveries } = (await service.get(`/api/events/${eventId}`)).json;
    return deliveries.map(({ endpoint_id }: { endpoint_id: string }) => endpoint_id).sort();
  }

  async function sendRaw(type: string, data: string): Promise<string> {
    const sent = await service.call('POST', '/api/events', { raw: `{"type":"${type}","data":${data}}` });
    assert.equal(sent.status, 202, sent.text);
    return sent.json.id;
  }

  test('an endpoint gets what its filter lets through, large integers exactly', async () => {
    const big = await endpoint('"event_types":["exact"],"filter":{"data.n":12345678901234567890}');
    const above = await endpoint('"event_types":["exact"],"filter":{"data.n":{"$gt":12345678901234567889}}');
    assert.deepEqual(await endpointsOf(await sendRaw('exact', '{"n":12345678901234567890}')), [big, above].sort());
    assert.deepEqual(await endpointsOf(await sendRaw('exact', '{"n":12345678901234567891}')), [above]);
    assert.deepEqual(await endpointsOf(await sendRaw('exact', '{"n":1}')), []);
    const shown = await service.get(`/api/endpoints/${big}`);
    assert.match(shown.text, /"filter":\{"data.n":12345678901234567890\}/);
  });

  test('a filter can be changed and taken away', async () => {
    const id = await endpoint('"event_types":["change"],"filter":{"data.a":1}');
    assert.deepEqual(await endpointsOf(await sendRaw('change', '{"a":2}')), []);
    const patch = (filter: object | null) => service.call('PATCH', `/api/endpoints/${id}`, { body: { filter } });
    assert.deepEqual((await patch({ 'data.a': { $in: [2] } })).json.filter, { 'data.a': { $in: [2] } });
    assert.deepEqual(await endpointsOf(await sendRaw('change', '{"a":2}')), [id]);
    assert.equal((await patch(null)).json.filter, null);
    assert.deepEqual(await endpointsOf(await sendRaw('change', '{"a":3}')), [id]);
  });

  test('a filter that is none is refused, with the place that is wrong', async () => {
    for (const [filter, path] of [
      [{ 'data.a': { $regex: 'a' } }, 'filter.data.a.$regex'],
      [{ $where: 'true' }, 'filter.$where'],
      [{ a: 1 }, 'filter.a'],
      [[], 'filter'],
      ['x', 'filter'],
    ] as const) {
      const refused = await service.post('/api/endpoints', { url: receiver.url, filter });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.errors[0].path, path);
    }
  });

  test('numbers elsewhere than in a filter are plain ones', async () => {
    for (const field of ['headers', 'filter', 'batch', 'rate_limit']) {
      const raw = `{"url":"${receiver.url}","${field}":12345678901234567890}`;
      const refused = await service.call('POST', '/api/endpoints', { raw });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.errors[0].path.split('.')[0], field);
    }
  });

  test('a filter is shown with the digits it was given', async () => {
    const filter = '{"data.n":{"$in":[1234567890.12345678,12345678901234567891,1e400]}}';
    const id = await endpoint(`"event_types":["digits"],"filter":${filter}`);
    assert.ok((await service.get(`/api/endpoints/${id}`)).text.includes(`"filter":${filter}`));
    assert.deepEqual(await endpointsOf(await sendRaw('digits', '{"n":1234567890.12345678}')), [id]);
    assert.deepEqual(await endpointsOf(await sendRaw('digits', '{"n":1234567890.12345679}')), []);
  });

  test('a filter and an event made to take long are answered all the same', async () => {
    const empty = `{"data":{"$in":[${Array(200).fill('{}').join(',')}]}}`;
    const id = await endpoint(`"event_types":["hostile"],"filter":{"$or":[${Array(25).fill(empty).join(',')}]}`);
    const members = Array.from({ length: 20_000 }, (_, n) => `"${n}":1`).join(',');
    const eventId = await sendRaw('hostile', `{${members}}`);
    assert.deepEqual(await endpointsOf(eventId), []);
    const traced = (await service.get(`/api/events/${eventId}/trace`)).json;
    const { reason } = traced.endpoints.find(({ endpoint_id }: { endpoint_id: string }) => endpoint_id === id);
    assert.equal(reason, 'filter');
  });

  test('a preview shows what a filter would have matched, and changes nothing', async () => {
    const id = await endpoint('"event_types":["preview.*"],"filter":{"data.total":{"$gte":10}}');
    for (const [type, total] of [
      ['preview.a', 5],
      ['preview.a', 15],
      ['preview.b', 20],
      ['other', 30],
    ] as const) {
      await service.send(type, { total });
    }
    const own = await service.post(`/api/endpoints/${id}/match-preview`, {});
    assert.equal(own.status, 200, own.text);
    assert.deepEqual(
      own.json.data.slice(0, 4).map(({ type, reason }: { type: string; reason: string }) => [type, reason]),
      [
        ['other', 'type'],
        ['preview.b', null],
        ['preview.a', null],
        ['preview.a', 'filter'],
      ],
    );
    assert.equal(own.json.matched, 2);
    const tried = await service.post(`/api/endpoints/${id}/match-preview`, {
      event_types: ['**'],
      filter: { 'data.total': { $gte: 20 } },
    });
    assert.equal(tried.json.matched, 2);
    assert.equal((await service.post(`/api/endpoints/${id}/match-preview`, { filter: { $where: 1 } })).status, 422);
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/match-preview`, {})).status, 404);
  });

  test('a trace says for every endpoint what became of an event, or why nothing did', async () => {
    const got = await endpoint('"event_types":["trace"]');
    const byType = await endpoint('"event_types":["nothing"]');
    const byFilter = await endpoint('"event_types":["trace"],"filter":{"data.a":2}');
    const paused = await endpoint('"event_types":["trace"],"enabled":false');
    const gone = await endpoint('"event_types":["trace"]');
    const eventId = await sendRaw('trace', '{"a":1}');
    await eventually(async () => {
      const { deliveries } = (await service.get(`/api/events/${eventId}`)).json;
      assert.equal(deliveries.filter(({ status }: { status: string }) => status === 'delivered').length, 2);
    });
    await service.call('DELETE', `/api/endpoints/${gone}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const later = await endpoint('"event_types":["trace"]');
    const traced = await service.get(`/api/events/${eventId}/trace`);
    assert.equal(traced.status, 200, traced.text);
    const { event, endpoints, inboxes } = traced.json;
    assert.equal(event.id, eventId);
    const of = (id: string) => endpoints.find(({ endpoint_id }: { endpoint_id: string }) => endpoint_id === id);
    assert.deepEqual([of(got).matched, of(got).deliveries[0].status], [true, 'delivered']);
    assert.deepEqual([of(byType).matched, of(byType).reason], [false, 'type']);
    assert.deepEqual([of(byFilter).matched, of(byFilter).reason], [false, 'filter']);
    assert.deepEqual([of(paused).status, of(paused).deliveries[0].status], ['paused', 'pending']);
    assert.deepEqual([of(gone).status, of(gone).deliveries[0].status], ['deleted', 'delivered']);
    assert.deepEqual([of(later).matched, of(later).reason], [false, 'created_later']);
    assert.deepEqual(inboxes, [{ name: 'default', matched: true, reason: null, status: 'available', lease_count: 0 }]);
    assert.equal((await service.get(`/api/events/${randomUUID()}/trace`)).status, 404);
  });

  test('a trace says what a disabled endpoint and each inbox made of an event', async (context) => {
    const gone = await Receiver.start((_got, response) => void response.writeHead(410).end());
    context.after(() => gone.stop());
    const created = await service.post('/api/endpoints', { url: gone.url, event_types: ['inboxes'] });
    await service.send('inboxes', 0);
    await eventually(async () => {
      assert.equal((await service.get(`/api/endpoints/${created.json.id}`)).json.status, 'disabled');
    });
    await service.post('/api/inboxes', { name: 'changing', event_types: ['inboxes'] });
    await service.post('/api/inboxes', { name: 'others', event_types: ['nothing'] });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [leased, acked] = [await service.send('inboxes', 1), await service.send('inboxes', 2)];
    await service.post('/api/inboxes', { name: 'later' });
    const lease = await service.post('/api/inbox/lease', { inbox: 'changing', lease_limit: 2 });
    await service.post('/api/inbox/ack', { inbox: 'changing', event_ids: [acked], lease_id: lease.json.lease_id });
    const trace = async (id: string) => (await service.get(`/api/events/${id}/trace`)).json;
    const inboxesOf = async (id: string) => {
      const { inboxes } = (await trace(id)) as { inboxes: { name: string; status: string; reason: string }[] };
      return inboxes.map(({ name, status, reason }) => `${name} ${reason ?? status}`).sort();
    };
    const rest = ['default available', 'later created_later', 'others type'];
    assert.deepEqual(await inboxesOf(leased), ['changing leased', ...rest]);
    assert.deepEqual(await inboxesOf(acked), ['changing acked', ...rest]);
    await service.call('PATCH', '/api/inboxes/changing', { body: { event_types: ['nothing'] } });
    assert.deepEqual(await inboxesOf(acked), ['changing acked', ...rest], 'what it had stays told');
    const { endpoints } = await trace(acked);
    const skipped = endpoints.find(({ endpoint_id }: { endpoint_id: string }) => endpoint_id === created.json.id);
    assert.deepEqual([skipped.status, skipped.deliveries[0].status], ['disabled', 'skipped']);
  });

  test('a bulk replay takes a filter too', async () => {
    for (let n = 0; n < 10; n++) await service.send('fr', { n });
    const id = await endpoint('"event_types":["nothing"]');
    const body = { endpoint_ids: [id], type: 'fr', filter: { 'data.n': { $gte: 7 } } };
    const counted = await service.post('/api/events/replay', { ...body, dry_run: true });
    assert.deepEqual(counted.json, { events: 3, deliveries: 3, more: false });
    assert.equal((await service.post('/api/events/replay', { ...body, filter: { $where: 1 } })).status, 422);
    const started = await service.post('/api/events/replay', body);
    assert.equal(started.json.deliveries, 3);
    await eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?endpoint_id=${id}&status=delivered`)).json;
      assert.equal(data.length, 3);
    });
  });
});
