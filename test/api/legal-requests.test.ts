import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { rawBody, rawHttp } from '../support/raw-http.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const NOBODY = '0190c0de-0000-7000-8000-000000000000';

describe('requests that are legal and seldom', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  /** Header lines as they are, without a body unless `body` is given. */
  const raw = (line: string, lines: readonly string[], body = '') =>
    rawHttp(
      service.url,
      [
        `${[`${line} HTTP/1.1`, 'Host: localhost', `X-API-Key: ${service.key}`, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n${body}`,
      ],
      { until: /\}$|0\r\n\r\n$| 204 / },
    );

  /** How clients say that there is nothing: no header at all, a length of 0, a body in chunks that has none. */
  const EMPTY: readonly (readonly [lines: readonly string[], body: string])[] = [
    [[], ''],
    [['Content-Length: 0'], ''],
    [['Content-Length: 0', 'Content-Type: application/json'], ''],
    [['Content-Length: 0', 'Content-Type: application/octet-stream'], ''],
    [['Content-Length: 0', 'Content-Type: nonsense'], ''],
    [['Content-Type: text/plain'], ''],
    [['Transfer-Encoding: chunked', 'Content-Type: application/json'], '0\r\n\r\n'],
    [['Transfer-Encoding: chunked', 'Content-Type: application/octet-stream'], '0\r\n\r\n'],
    [['Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ];

  test('a body where none is needed may be empty, whatever its Content-Type', async () => {
    const event = await service.send('legal.empty', 1);
    const { id } = (await service.post('/api/endpoints', { url: 'http://127.0.0.1:1/', enabled: false })).json;
    const cases: [line: string, status: number][] = [
      [`DELETE /api/endpoints/${NOBODY}`, 404],
      [`DELETE /api/subscriptions/${NOBODY}`, 204],
      [`DELETE /api/keys/${NOBODY}`, 404],
      [`DELETE /api/events/${NOBODY}`, 404],
      [`POST /api/ack/${event}`, 200],
      ['POST /api/inbox/lease', 200],
      [`POST /api/deliveries/${NOBODY}/retry`, 404],
      [`POST /api/deliveries/${NOBODY}/cancel`, 404],
      [`POST /api/jobs/${NOBODY}/cancel`, 404],
      [`POST /api/events/${event}/replay`, 202],
      [`POST /api/endpoints/${id}/rotate-secret`, 200],
      [`POST /api/endpoints/${id}/match-preview`, 200],
      [`PATCH /api/endpoints/${id}`, 200],
      ['PATCH /api/inboxes/default', 200],
      ['POST /trigger-inbox/v1/inboxes/default/pause', 200],
      ['POST /trigger-inbox/v1/inboxes/default/resume', 200],
      ['POST /trigger-inbox/v1/inboxes/default/messages/lease', 200],
    ];
    for (const [line, status] of cases) {
      for (const [lines, body] of EMPTY) {
        const answer = await raw(line, lines, body);
        assert.equal(answer.status, status, `${line} ${lines}: ${answer.text}`);
      }
    }
  });

  test('a body that is needed and empty is 400, whatever its Content-Type', async () => {
    const needing = [
      'POST /api/events',
      'POST /api/events/batch',
      'POST /api/events/erase',
      'POST /api/events/replay',
      'POST /api/deliveries/retry',
      'POST /api/endpoints',
      `POST /api/endpoints/${NOBODY}/recover`,
      'POST /api/webhook/config',
      'POST /api/subscriptions',
      'POST /api/inboxes',
      'POST /api/inbox/ack',
      'POST /api/inbox/release',
      'POST /api/inbox/extend',
      'POST /api/inbox/requeue',
      'POST /api/keys',
      'POST /api/keys/generate',
      'POST /api/organizations',
    ];
    for (const line of needing) {
      for (const [lines, body] of EMPTY) {
        const answer = await raw(line, lines, body);
        assert.equal(answer.status, 400, `${line} ${lines}: ${answer.text}`);
        assert.equal(rawBody(answer).code, 'invalid_json');
      }
    }
  });

  test('null is a body: it says nothing, and not what an empty one says', async () => {
    for (const path of ['/api/inbox/lease', '/api/keys/rotate', '/api/inbox/ack', '/api/inboxes', '/api/endpoints']) {
      const answer = await service.post(path, undefined, { raw: 'null' });
      assert.deepEqual([answer.status, answer.json.code], [422, 'invalid_request'], `${path}: ${answer.text}`);
    }
  });

  test('a body of another type is 415 where none is needed too, whole or in chunks', async () => {
    for (const [lines, body] of [
      [['Content-Length: 2'], '{}'],
      [['Content-Length: 2', 'Content-Type: text/plain'], '{}'],
      [['Transfer-Encoding: chunked', 'Content-Type: text/plain'], '2\r\n{}\r\n0\r\n\r\n'],
    ] as const) {
      const answer = await raw('POST /api/inbox/lease', lines, body);
      assert.equal(answer.status, 415, `${lines}: ${answer.text}`);
    }
  });

  test('a CloudEvent without data has null, as its SDKs send it: no body and no Content-Type', async () => {
    for (const [at, [lines, body]] of EMPTY.entries()) {
      const attributes = ['Ce-Specversion: 1.0', 'Ce-Type: ce.empty', 'Ce-Source: /legal', `Ce-Id: ${at}`];
      const answer = await raw('POST /api/events', [...attributes, ...lines], body);
      assert.equal(answer.status, 202, `${lines}: ${answer.text}`);
      const { id } = rawBody(answer);
      assert.equal((await service.get(`/api/events/${id}`)).json.data, null);
    }
  });

  test('a slash at the end of an address means nothing', async () => {
    const event = { type: 'legal.slash', data: 1 };
    assert.equal((await service.post('/api/events/', event)).status, 202);
    assert.equal((await service.post('/api/events/batch/', [event])).status, 202);
    for (const path of ['/api/events', '/api/me', '/api/inboxes/default', '/health', '/openapi.json', '/docs']) {
      assert.equal((await service.get(`${path}/`)).status, 200, path);
      assert.equal((await service.get(`${path}/?limit=1`)).status, 200, path);
    }
    assert.equal((await service.get('/dashboard/')).headers['location'], '/dashboard');
  });

  test('an empty cursor is the first page, on every list', async () => {
    const { paths } = (await service.get('/openapi.json')).json as {
      paths: Record<string, { get?: { parameters?: { name: string }[] } }>;
    };
    const lists = Object.entries(paths).filter(([, { get }]) => get?.parameters?.some(({ name }) => name === 'cursor'));
    assert.ok(lists.length >= 9, 'lists are found');
    for (const [path] of lists) {
      const address = path.replace('{id}', 'default');
      const [plain, empty] = [await service.get(address), await service.get(`${address}?cursor=`)];
      assert.deepEqual([empty.status, empty.text], [plain.status, plain.text], address);
      assert.equal(empty.status, 200, address);
    }
  });

  describe('an Idempotency-Key beyond ASCII', () => {
    const send = (key: Buffer, data: number) => {
      const body = `{"type":"legal.key","data":${data}}`;
      const head = ['POST /api/events HTTP/1.1', 'Host: localhost', `X-API-Key: ${service.key}`];
      const more = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Idempotency-Key: '];
      const bytes = Buffer.concat([Buffer.from([...head, ...more].join('\r\n')), key, Buffer.from(`\r\n\r\n${body}`)]);
      return rawHttp(service.url, [bytes], { until: /\}$/ });
    };

    test('is 422 where its bytes are not UTF-8: two of them were one, and an event was lost', async () => {
      for (const name of ['Müller-7', 'Möller-7']) {
        const answer = await send(Buffer.from(name, 'latin1'), 1);
        assert.equal(answer.status, 422, answer.text);
        assert.equal(rawBody(answer).errors[0].path, 'Idempotency-Key');
      }
    });

    test('is the dedup_id that a body would say where they are', async () => {
      const first = await send(Buffer.from('Müller-8 😀'), 1);
      assert.equal(first.status, 202, first.text);
      assert.equal((await send(Buffer.from('Möller-8 😀'), 1)).status, 202);
      const again = await service.post('/api/events', { type: 'legal.key', data: 1, dedup_id: 'Müller-8 😀' });
      assert.deepEqual([again.status, again.json.id], [200, rawBody(first).id]);
    });
  });

  test('ce-* headers: UTF-8 is text, other bytes are 422', async () => {
    const send = (id: Buffer) =>
      rawHttp(
        service.url,
        [
          `POST /api/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${service.key}\r\nContent-Length: 0\r\n`,
          'Ce-Specversion: 1.0\r\nCe-Type: ce.text\r\nCe-Source: /legal\r\nCe-Id: ',
          id,
          '\r\n\r\n',
        ],
        { until: /\}$/ },
      );
    const plain = await send(Buffer.from('ü'));
    assert.equal(plain.status, 202, plain.text);
    const encoded = await send(Buffer.from('%C3%BC'));
    assert.deepEqual([encoded.status, rawBody(encoded).id], [200, rawBody(plain).id]);
    for (const id of [Buffer.from('ü', 'latin1'), Buffer.from('%FC')]) {
      const answer = await send(id);
      assert.equal(answer.status, 422, answer.text);
      assert.equal(rawBody(answer).errors[0].path, 'ce-id');
    }
  });

  test('a time that no calendar has is 422, wherever one is read', async () => {
    const { id } = (await service.post('/api/endpoints', { url: 'http://127.0.0.1:1/', enabled: false })).json;
    const { name } = (await service.get('/api/me')).json.organization;
    for (const time of [
      '2026-11-31T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2016-12-31T23:59:60Z',
    ]) {
      const at = encodeURIComponent(time);
      const answers = [
        ...(await Promise.all(
          ['events', 'deliveries', 'endpoints', 'subscriptions', 'jobs', 'audit', 'events/export'].flatMap((list) => [
            service.get(`/api/${list}?from=${at}`),
            service.get(`/api/${list}?to=${at}`),
          ]),
        )),
        await service.post('/api/events', { type: 'legal.time', data: 1, deliver_at: time }),
        await service.post('/api/events/erase', { organization_name: name, before: time }),
        await service.post('/api/deliveries/retry', { status: 'failed', from: time }),
        await service.post('/api/events/replay', { endpoint_ids: [id], to: time }),
        await service.post(`/api/endpoints/${id}/recover`, { since: time }),
      ];
      for (const answer of answers) assert.deepEqual([answer.status, answer.json.code], [422, 'invalid_request'], time);
    }
  });

  test('a range that ends before it begins is 422', async () => {
    const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'];
    for (const list of ['events', 'deliveries', 'endpoints', 'subscriptions', 'jobs', 'audit', 'events/export']) {
      assert.equal((await service.get(`/api/${list}?from=${late}&to=${early}`)).status, 422, list);
      assert.equal((await service.get(`/api/${list}?from=${early}&to=${early}`)).status, 200, list);
    }
    const range = { from: late, to: early };
    assert.equal((await service.post('/api/deliveries/retry', { status: 'failed', ...range })).status, 422);
    assert.equal((await service.post('/api/events/replay', { endpoint_ids: [NOBODY], ...range })).status, 422);
  });

  test('a UUID is the same in upper case: in addresses, queries and bodies', async () => {
    const up = (id: string) => id.toUpperCase();
    const { id: endpoint } = (await service.post('/api/endpoints', { url: 'http://127.0.0.1:1/', max_attempts: 1 }))
      .json;
    await service.post('/api/inboxes', { name: 'UPPER' });
    const event = await service.send('legal.upper', 1);
    const found = await eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?event_id=${up(event)}&endpoint_id=${up(endpoint)}`)).json;
      assert.equal(data[0]?.status, 'failed');
      return data[0] as { id: string };
    });
    for (const path of [
      `/api/events/${up(event)}`,
      `/api/events/${up(event)}/trace`,
      `/api/deliveries/${up(found.id)}`,
      `/api/endpoints/${up(endpoint)}`,
      `/api/endpoints/${up(endpoint)}/secret`,
      `/api/endpoints/${up(endpoint)}/stats`,
      `/api/subscriptions/${up(endpoint)}`,
    ]) {
      const answer = await service.get(path);
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
      assert.ok(!answer.text.includes(up(event)) && !answer.text.includes(up(endpoint)), path);
    }

    assert.equal((await service.post(`/api/deliveries/${up(found.id)}/retry`)).status, 202);
    const retried = await service.post('/api/deliveries/retry', { status: 'failed', endpoint_id: up(endpoint) });
    assert.equal(retried.status, 202, retried.text);
    assert.equal((await service.get(`/api/jobs/${up(retried.json.job_id)}`)).status, 200);
    const replayed = await service.post(`/api/events/${up(event)}/replay`, {
      endpoint_ids: [up(endpoint), endpoint, up(NOBODY)],
    });
    assert.deepEqual(replayed.json, { deliveries: 1, not_found: [up(NOBODY)] });
    const all = await service.post('/api/events/replay', { endpoint_ids: [up(endpoint)], dry_run: true });
    assert.equal(all.status, 200, all.text);

    const lease = (await service.post('/api/inbox/lease', { inbox: 'UPPER' })).json;
    const held = { inbox: 'UPPER', lease_id: up(lease.lease_id), event_ids: [up(event)] };
    assert.deepEqual((await service.post('/api/inbox/extend', { ...held, lease_seconds: 60 })).json, {
      extended: 1,
      stale: [],
    });
    const acked = await service.post('/api/inbox/ack', { ...held, event_ids: [up(event), up(NOBODY)] });
    assert.deepEqual(acked.json, { acknowledged: 1, not_found: [up(NOBODY)], stale: [] });
    const stale = await service.post('/api/inbox/release', held);
    assert.deepEqual(stale.json, { released: 0, stale: [up(event)] }, 'as it was sent');
    assert.equal((await service.post(`/api/ack/${up(event)}`)).status, 200);
    const { id: inbox } = (await service.get('/api/inboxes/UPPER')).json;
    for (const address of [up(inbox), inbox, 'UPPER']) {
      assert.equal((await service.get(`/trigger-inbox/v1/inboxes/${address}`)).status, 200, address);
    }

    const { api_key, organization } = (await service.post('/api/organizations', { name: 'Upper' }, { key: null })).json;
    assert.ok(api_key);
    assert.equal((await service.get(`/api/organizations/${up(organization.id)}`, { key: null })).status, 200);
    assert.equal((await service.call('DELETE', `/api/endpoints/${up(endpoint)}`)).status, 204);
    assert.equal((await service.call('DELETE', `/api/events/${up(event)}`)).status, 204);
  });
});
