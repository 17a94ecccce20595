import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import { createLog } from '../../src/app/logging/log.ts';
import { rawHttp } from '../support/raw-http.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('what every answer says', () => {
  const cleanup = suiteCleanup();
  const lines: string[] = [];
  let service: TestService;
  before(async () => {
    const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
    const log = createLog({ level: 'debug', form: 'json', colors: false, clock: new SystemClock(), sink });
    service = await startTestService(cleanup, {}, log);
  });

  const assertPrivate = (headers: Readonly<Record<string, unknown>>, what: string) => {
    assert.equal(headers['cache-control'], 'no-store', what);
    assert.equal(headers['x-content-type-options'], 'nosniff', what);
  };

  test('no proxy keeps an authenticated answer or a problem, and no browser takes it for something else', async () => {
    const { paths } = (await service.get('/openapi.json')).json as { paths: Record<string, { get?: object }> };
    for (const [path, { get }] of Object.entries(paths)) {
      if (get === undefined || path === '/api/stream') continue;
      for (const key of [service.key, null]) assertPrivate((await service.get(path, { key })).headers, path);
    }
    for (const [method, path] of [
      ['POST', '/api/nothing'],
      ['PUT', '/api/events'],
      ['POST', '/api/endpoints'],
      ['DELETE', '/api/endpoints/x'],
      ['GET', '/dashboard/files/none.js'],
      ['GET', '/%zz'],
    ] as const) {
      const answer = await service.call(method, path);
      assert.ok(answer.status >= 400, path);
      assertPrivate(answer.headers, `${method} ${path}`);
    }
  });

  test('nor one that Fastify does not print', async () => {
    const post = (more: string) =>
      `POST /api/events${more}\r\nContent-Type: application/json\r\nX-API-Key: ${service.key}\r\n`;
    const event = '{"type":"a","data":1}';
    const ndjson = `${event}\n`;
    for (const [what, request, until] of [
      [
        'the fast path',
        `${post(' HTTP/1.1')}Host: localhost\r\nContent-Length: ${event.length}\r\n\r\n${event}`,
        /\}$/,
      ],
      ['a refused body', `${post(' HTTP/1.1')}Host: localhost\r\nContent-Length: 99999999\r\n\r\n`, /\}$/],
      ['no Host', 'GET /health HTTP/1.1\r\n\r\n', /\}$/],
      ['no HTTP', 'nonsense\r\n\r\n', /\}$/],
      ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n', /\}$/],
      ['an expectation', 'GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: more\r\n\r\n', /\}$/],
      ['headers too large', `GET /health HTTP/1.1\r\nHost: localhost\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, /\}$/],
      [
        'NDJSON',
        `${post('/batch HTTP/1.1').replace('json', 'x-ndjson')}Host: localhost\r\nContent-Length: ${ndjson.length}\r\n\r\n${ndjson}`,
        /"rejected":0\}/,
      ],
      ['a stream', `GET /api/stream HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${service.key}\r\n\r\n`, /: live/],
    ] as const) {
      const { text } = await rawHttp(service.url, [request], { until });
      assert.match(text, /^cache-control: no-store\r$/im, `${what}: ${text}`);
      assert.match(text, /^x-content-type-options: nosniff\r$/im, what);
    }
  });

  test('files with a hash in their name are kept all the same, and pages say how', async () => {
    for (const path of ['/docs', '/dashboard']) {
      const answer = await service.get(path, { key: null });
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', path);
    }
  });

  test('the request’s line in the log names its X-Request-Id, whoever answered it', async () => {
    const sent = await Promise.all([
      service.post('/api/events', { type: 'logged', data: 1 }, { headers: { 'x-request-id': 'mine-fast' } }),
      service.get('/api/me', { headers: { 'x-request-id': 'mine-slow' } }),
      service.get('/nothing'),
    ]);
    await eventually(() => {
      for (const { headers } of sent) {
        const id = String(headers['x-request-id']);
        const line = lines.map((text) => JSON.parse(text)).find(({ request_id }) => request_id === id);
        assert.match(line?.msg ?? line?.message ?? '', / status=\d{3} duration=/, id);
      }
    });
  });
});
