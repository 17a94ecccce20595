import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { rawBody, rawHttp } from '../support/raw-http.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

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
});
