import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MAX_DATA_BYTES, MAX_EVENT_BODY_BYTES } from '../../src/core/limits.ts';
import { type Answer, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

/** Every refusal is a problem of the contract's form, tells nothing of our inside, and leaves nothing behind. */
function assertProblem(answer: Answer, status: number, code: string, path?: string): void {
  assert.equal(answer.status, status, answer.text.slice(0, 300));
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  const problem = answer.json;
  assert.equal(problem.type, `/problems/${code}`);
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(typeof problem.title, 'string');
  assert.equal(problem.request_id, answer.headers['x-request-id']);
  assert.ok(answer.headers['x-response-time']);
  assert.doesNotMatch(answer.text, /node_modules|\.ts|sqlite|SQL|fastify|undici|at [A-Z]\w+\./);
  if (path !== undefined) {
    const paths = problem.errors?.map((error: { path: string }) => error.path);
    assert.ok(paths?.includes(path), `${path} in ${JSON.stringify(paths)}`);
  }
}

describe('bad input to POST /api/events', () => {
  after(async () => {
    assert.equal((await service.get('/api/events?type=refused')).json.data.length, 0, 'nothing refused may be stored');
  });
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const post = (raw: string | Buffer, headers: Record<string, string> = {}) =>
    service.post('/api/events', undefined, { raw, headers });

  const invalidJson: Record<string, string | Buffer> = {
    'cut off': '{"type":"refused"',
    NaN: '{"type":"refused","data":NaN}',
    'single quotes': "{'type':'refused','data':1}",
    'a comma too many': '{"type":"refused","data":1,}',
    'something behind': '{"type":"refused","data":1}{',
    'a raw NUL in a string': '{"type":"refused","data":"\u0000"}',
    'a raw line feed in a string': '{"type":"refused","data":"\n"}',
    empty: '',
    'bad UTF-8': Buffer.from('{"type":"refused","data":"\xff\xfe"}', 'latin1'),
    'surrogate bytes': Buffer.from('{"type":"refused","data":"\xed\xa0\x80"}', 'latin1'),
    'UTF-16': Buffer.from('{"type":"refused","data":1}', 'utf16le'),
    'a byte order mark': '\ufeff{"type":"refused","data":1}',
    'a key twice': '{"type":"refused","type":"b","data":1}',
    'data twice': '{"type":"refused","data":1,"d\\u0061ta":2}',
    'too deep': `{"type":"refused","data":${'['.repeat(128)}${']'.repeat(128)}}`,
  };
  for (const [name, raw] of Object.entries(invalidJson)) {
    test(`400 invalid_json: ${name}`, async () => assertProblem(await post(raw), 400, 'invalid_json'));
  }

  for (const raw of ['[]', '"x"', '7', 'null']) {
    test(`422: ${raw} is JSON and no object`, async () => {
      assertProblem(await post(raw), 422, 'invalid_request', 'body');
    });
  }

  const badTypes = ['', 'x'.repeat(256), '.a', 'a b', 'a\u0000', 'аdmin', 'a\n', '😀', '*', 7, ['a'], null, undefined];
  for (const type of badTypes) {
    test(`422: the type ${JSON.stringify(type)?.slice(0, 20)}`, async () => {
      assertProblem(await post(JSON.stringify({ type, data: 'refused' })), 422, 'invalid_request', 'type');
    });
  }

  const badDedupIds = ['', 'x'.repeat(256), 'a\u0000', '\ud800', 7, {}];
  for (const dedup_id of badDedupIds) {
    test(`422: the dedup_id ${JSON.stringify(dedup_id).slice(0, 20)}`, async () => {
      assertProblem(
        await post(JSON.stringify({ type: 'refused', data: 1, dedup_id })),
        422,
        'invalid_request',
        'dedup_id',
      );
    });
  }

  test('422: other fields that are wrong, all named at once', async () => {
    const answer = await post(JSON.stringify({ ordering_key: '', deliver_at: 'tomorrow' }));
    for (const path of ['type', 'data', 'ordering_key', 'deliver_at']) {
      assertProblem(answer, 422, 'invalid_request', path);
    }
    const far = new Date(Date.now() + 31 * 86_400_000).toISOString();
    assertProblem(
      await post(JSON.stringify({ type: 'refused', data: 1, deliver_at: far })),
      422,
      'invalid_request',
      'deliver_at',
    );
    assertProblem(await post('{"type":"refused","data":1,"payload":1}'), 422, 'invalid_request', 'payload');
    assertProblem(await post('{"type":"refused"}'), 422, 'invalid_request', 'data');
  });

  test('422: the dedup id of the header: another than the field, twice, or no good', async () => {
    const body = '{"type":"refused","data":1,"dedup_id":"a"}';
    assertProblem(await post(body, { 'idempotency-key': 'b' }), 422, 'invalid_request', 'dedup_id');
    assertProblem(await post('{"type":"refused","data":1}', { 'idempotency-key': '' }), 422, 'invalid_request');
  });

  for (const data of ['null', 'false', '0', '""', '[]']) {
    test(`202: data may be ${data}`, async () =>
      assert.equal((await post(`{"type":"ok","data":${data}}`)).status, 202));
  }

  test('202: the longest of everything', async () => {
    const type = `a${'Z09._-:/'.repeat(32)}`.slice(0, 255);
    const answer = await post(
      JSON.stringify({ type, data: 1, dedup_id: '😀'.repeat(255), ordering_key: 'k'.repeat(255) }),
    );
    assert.equal(answer.status, 202, answer.text);
  });

  test('413: data of 262,145 bytes; 262,144 are taken', async () => {
    const fits = JSON.stringify('x'.repeat(MAX_DATA_BYTES - 2));
    assert.equal(Buffer.byteLength(fits), 262_144);
    assert.equal((await post(`{"type":"ok","data":${fits}}`)).status, 202);
    const tooMuch = JSON.stringify('x'.repeat(MAX_DATA_BYTES - 1));
    assertProblem(await post(`{"type":"refused","data":${tooMuch}}`), 413, 'payload_too_large');
  });

  test('413: white space and unknown fields around it count, above a bound of their own', async () => {
    const spaces = ' '.repeat(MAX_EVENT_BODY_BYTES);
    assertProblem(await post(`{"type":"refused",${spaces}"data":1}`), 413, 'payload_too_large');
    assert.equal((await post(`{"type":"ok","data":1,"other":"${'x'.repeat(200_000)}"}`)).status, 202);
    assert.equal((await post(`{"type":"ok","data":1,"${'x'.repeat(200_000)}":1}`)).status, 202);
  });

  const badMediaTypes = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'application/jsonx',
    // By a regular expression, 15 KB of it took 350 ms.
    `application/json${' '.repeat(7_800)}x`,
    `application/json; charset=utf-8${' '.repeat(15_000)}x`,
    '',
  ];
  for (const type of badMediaTypes) {
    test(`415: Content-Type ${type.slice(0, 60) || '(empty)'}`, async () => {
      const answer = await post('{"type":"refused","data":1}', { 'content-type': type });
      assertProblem(answer, 415, 'unsupported_media_type');
    });
  }
  const goodMediaTypes = [
    'application/json;charset=UTF-8',
    'APPLICATION/JSON',
    'application/json; charset="utf-8"',
    'application/json; charset=utf8',
    'application/json; odata=verbose',
  ];
  for (const type of goodMediaTypes) {
    test(`202: Content-Type ${type}`, async () => {
      assert.equal((await post('{"type":"ok","data":1}', { 'content-type': type })).status, 202);
    });
  }

  test('415: a compressed body is not looked into', async () => {
    const body = '{"type":"refused","data":1}';
    for (const [encoding, raw] of [
      ['gzip', gzipSync(body)],
      ['gzip', Buffer.from(body)],
      ['gzip, gzip', gzipSync(gzipSync(body))],
      ['br', Buffer.from(body)],
    ] as const) {
      assertProblem(await post(raw, { 'content-encoding': encoding }), 415, 'unsupported_media_type');
    }
    assert.equal((await post('{"type":"ok","data":1}', { 'content-encoding': 'identity' })).status, 202);
  });

  test('401: no key, a wrong one, two that differ, one that is no key', async () => {
    const send = (headers: Record<string, string>) =>
      service.post('/api/events', { type: 'refused', data: 1 }, { key: null, headers });
    assertProblem(await send({}), 401, 'missing_api_key');
    assertProblem(await send({ 'x-api-key': '' }), 401, 'missing_api_key');
    assertProblem(await send({ 'x-api-key': 'wrong' }), 401, 'invalid_api_key');
    assertProblem(await send({ 'x-api-key': `${service.key} ${service.key}` }), 401, 'invalid_api_key');
    assertProblem(await send({ 'x-api-key': 'x'.repeat(8_192) }), 401, 'invalid_api_key');
    assertProblem(await send({ 'x-api-key': 'é' }), 401, 'invalid_api_key');
    assertProblem(await send({ 'x-api-key': service.key, authorization: 'Bearer other' }), 401, 'invalid_api_key');
    assertProblem(await send({ authorization: `Basic ${service.key}` }), 401, 'invalid_api_key');
    assert.equal(
      (await service.get('/api/me', { key: null, headers: { authorization: `Bearer ${service.key}` } })).status,
      200,
    );
    const both = { 'x-api-key': service.key, authorization: `Bearer ${service.key}` };
    assert.equal((await service.get('/api/me', { key: null, headers: both })).status, 200);
  });

  test('405 with Allow, 404 for what never was', async () => {
    const allows: [string, string, string][] = [
      ['PUT', '/api/events', 'GET, HEAD, POST'],
      ['DELETE', '/api/events', 'GET, HEAD, POST'],
      ['PATCH', '/api/events', 'GET, HEAD, POST'],
      ['TRACE', '/api/events', 'GET, HEAD, POST'],
      ['POST', '/health', 'GET, HEAD'],
      ['POST', '/api/events/0190c0de-0000-7000-8000-000000000000', 'GET, HEAD, DELETE'],
      ['PUT', '/api/endpoints/x', 'GET, HEAD, PATCH, DELETE'],
    ];
    for (const [method, path, allow] of allows) {
      const answer = await service.call(method, path);
      assertProblem(answer, 405, 'method_not_allowed');
      assert.equal(answer.headers['allow'], allow);
    }
    assertProblem(await service.get('/nothing/here'), 404, 'not_found');
    assertProblem(await service.post('/nothing/here', { a: 1 }), 404, 'not_found');
    assertProblem(await service.get('/api/events/%zz'), 404, 'not_found');
    const overridden = await service.get('/api/events', { headers: { 'x-http-method-override': 'DELETE' } });
    assert.equal(overridden.status, 200);
  });

  test('HEAD is GET without its body', async () => {
    const head = await service.call('HEAD', '/health');
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
  });

  test('404: ids that are nobody’s, no UUIDs, or longer than any', async () => {
    for (const id of [
      '0190c0de-0000-7000-8000-000000000000',
      'x',
      '%00',
      "';DROP TABLE events;--",
      'x'.repeat(3_000),
    ]) {
      for (const list of ['events', 'deliveries', 'endpoints']) {
        assertProblem(await service.get(`/api/${list}/${encodeURIComponent(id)}`), 404, 'not_found');
      }
    }
  });

  for (const limit of ['0', '-1', '1001', '1e3', '0x10', '10;DROP', '', '9e99', '1.5', '%201']) {
    test(`422: ?limit=${limit}`, async () => {
      assertProblem(await service.get(`/api/events?limit=${limit}`), 422, 'invalid_request', 'limit');
    });
  }
  test('422: a query parameter twice, or outside its set; unknown ones are ignored', async () => {
    assertProblem(await service.get('/api/events?limit=1&limit=2'), 422, 'invalid_request', 'limit');
    assertProblem(await service.get('/api/events?type=a&type=b'), 422, 'invalid_request', 'type');
    assertProblem(await service.get('/api/deliveries?status=nope'), 422, 'invalid_request', 'status');
    assertProblem(await service.get('/api/events?from=yesterday'), 422, 'invalid_request', 'from');
    assert.equal((await service.get('/api/events?limit=1000&what=ever&limit[]=1')).status, 200);
  });

  test('400 invalid_cursor: garbage, cut, flipped, of another list or query', async () => {
    for (let i = 0; i < 3; i++) await service.send('cursor', i);
    const good = (await service.get('/api/events?type=cursor&limit=1')).json.next_cursor as string;
    assert.equal((await service.get(`/api/events?type=cursor&limit=2&cursor=${good}`)).status, 200);
    assert.equal((await service.get('/api/events?type=cursor&limit=1&cursor=')).json.next_cursor, good);
    const flipped = (good[0] === 'A' ? 'B' : 'A') + good.slice(1);
    for (const cursor of ['x', good.slice(0, -1), flipped, `${good}A`, "';--", '%00', 'A'.repeat(8_000)]) {
      assertProblem(await service.get(`/api/events?type=cursor&cursor=${cursor}`), 400, 'invalid_cursor');
    }
    assertProblem(await service.get(`/api/events?type=other&cursor=${good}`), 400, 'invalid_cursor');
    assertProblem(await service.get(`/api/deliveries?cursor=${good}`), 400, 'invalid_cursor');
  });

  test('what no event type is finds nothing, wherever it is asked for', async () => {
    const range = { from: '2026-01-01T00:00:00Z', to: '2036-01-01T00:00:00Z' };
    for (const type of ['a\0b', '\ufffd', 'a b', '\u{1F4A9}', 'x'.repeat(300), '*']) {
      const query = `type=${encodeURIComponent(type)}`;
      for (const path of ['/api/events', '/api/deliveries']) {
        const answer = await service.get(`${path}?${query}`);
        assert.deepEqual([answer.status, answer.json.data], [200, []], `${path} ${JSON.stringify(type)}`);
      }
      const exported = await service.get(`/api/events/export?format=csv&${query}`);
      assert.deepEqual([exported.status, exported.text.trim().split('\n').length], [200, 1], JSON.stringify(type));
      for (const [path, body] of [
        ['/api/deliveries/retry', { status: 'failed', type, ...range }],
        ['/api/events/replay', { endpoint_ids: ['019b76da-a800-7000-8000-000000000000'], type, ...range }],
        ['/api/inbox/lease', { event_types: [type] }],
      ] as const) {
        const answer = await service.post(path, body);
        assert.ok(answer.status < 500, `${path} ${JSON.stringify(type)}: ${answer.text}`);
      }
    }
  });

  test('a sane request id of the client comes back, another does not', async () => {
    const sane = await service.get('/health', { headers: { 'x-request-id': 'Abc-1.2_3' } });
    assert.equal(sane.headers['x-request-id'], 'Abc-1.2_3');
    for (const id of ['a b', '<script>', 'x'.repeat(129), '']) {
      const answer = await service.get('/health', { headers: { 'x-request-id': id } });
      assert.notEqual(answer.headers['x-request-id'], id);
      assert.ok(answer.headers['x-request-id']);
    }
  });

  test('403 in development for a Host that is no loopback name', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1']) {
      assertProblem(await service.get('/health', { headers: { host } }), 403, 'forbidden');
    }
    for (const host of ['localhost', 'LOCALHOST:8000', '127.0.0.1:1', '[::1]:8000']) {
      assert.equal((await service.get('/health', { headers: { host } })).status, 200);
    }
  });
});
