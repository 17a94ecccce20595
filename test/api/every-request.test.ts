import assert from 'node:assert/strict';
import { Agent, request as httpRequest, type IncomingHttpHeaders, METHODS } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { rawHttp } from '../support/raw-http.ts';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const NOBODY = '0190c0de-0000-7000-8000-000000000000';
/** Not in the document, which is of the API alone. */
const PAGES = [
  '/openapi.json',
  '/docs',
  '/docs/style.css',
  '/problems/conflict',
  '/dashboard',
  '/dashboard/files/x.js',
];
/** Node's own, and those of RFC 9110 should Node ever lack one. CONNECT names no path: it has a test of its own. */
const ALL_METHODS = [...new Set([...METHODS, 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])].filter(
  (method) => method !== 'CONNECT',
);

interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

describe('whatever is sent to whatever route', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  after(() => agent.destroy());
  const cleanup = suiteCleanup();
  let service: TestService;
  /** Each with the methods that it has. */
  let routes: readonly (readonly [path: string, methods: readonly string[]])[];
  before(async () => {
    service = await startTestService(cleanup, { RATE_LIMIT_FREE: '1000000' });
    const { paths } = (await service.get('/openapi.json')).json as { paths: Record<string, object> };
    routes = [
      ...Object.entries(paths).map(([path, operations]) => {
        const methods = Object.keys(operations).map((method) => method.toUpperCase());
        const hasHead = methods.includes('GET') && path !== '/api/stream';
        return [path.replace(/\{\w+\}/g, NOBODY), [...methods, ...(hasHead ? ['HEAD'] : [])]] as const;
      }),
      ...PAGES.map((path) => [path, ['GET', 'HEAD']] as const),
    ];
    assert.ok(routes.length > 60);
  });

  /** Without a body; only the head of the answer is looked at, for a stream has no end. */
  const send = (method: string, path: string, headers: Record<string, string | string[]> = {}) =>
    new Promise<Seen>((resolve, reject) => {
      const all = { 'x-api-key': service.key, ...headers };
      const sent = httpRequest(service.url + path, { method, headers: all, agent }, (answer) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
        if (path === '/api/stream') answer.destroy();
        else answer.resume();
      });
      sent.on('error', reject).end();
    });

  async function forEach<Case>(cases: readonly Case[], act: (one: Case) => Promise<void>): Promise<void> {
    const left = [...cases];
    const worker = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) await act(one);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  }

  test('a method that a route does not have is 405 with Allow, whoever asks', async () => {
    const cases = routes.flatMap(([path, methods]) =>
      ALL_METHODS.filter((method) => !methods.includes(method)).map((method) => ({ path, methods, method })),
    );
    await forEach(cases, async ({ path, methods, method }) => {
      const { status, headers } = await send(method, path, method.length % 2 === 0 ? {} : { 'x-api-key': '' });
      assert.equal(status, 405, `${method} ${path}`);
      assert.deepEqual(headers.allow?.split(', ').toSorted(), [...methods].toSorted(), `${method} ${path}`);
    });
  });

  test('a whole address is what its path is', async () => {
    for (const [line, status] of [
      ['GET http://localhost/health', 200],
      ['PUT http://localhost/api/events?a=b', 405],
      ['GET http://localhost/nothing', 404],
      ['OPTIONS *', 404],
    ] as const) {
      const answer = await rawHttp(service.url, [`${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`], { until: /\}$/ });
      assert.equal(answer.status, status, answer.text);
    }
  });

  test('a path that is none is 404 with every method', async () => {
    const paths = ['/', '/api', '/api/nothing', '/api/events/x/y/z', '/api//events', '/api/events//', '//', '/%zz'];
    const cases = paths.flatMap((path) => ALL_METHODS.map((method) => ({ path, method })));
    await forEach(cases, async ({ path, method }) => {
      assert.equal((await send(method, path)).status, 404, `${method} ${path}`);
    });
  });

  const HEADERS: readonly Record<string, string | string[]>[] = [
    { 'content-type': 'application/json' },
    { 'content-type': 'application/octet-stream' },
    { 'content-type': 'nonsense' },
    { 'content-type': '' },
    { 'content-type': 'application/x-ndjson' },
    { 'content-length': '0' },
    { 'transfer-encoding': 'chunked' },
    { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' },
    { 'content-encoding': 'gzip' },
    { 'idempotency-key': 'M\xfcller' },
    { 'idempotency-key': '' },
    { 'x-request-id': '\xff' },
    { 'last-event-id': '\xff' },
    { traceparent: '00-x' },
    { 'x-triggers-hops': 'many' },
    { 'ce-specversion': '1.0' },
    { 'ce-specversion': '\xff', 'ce-id': '%' },
    { authorization: 'Bearer' },
    { authorization: 'Basic \xff' },
    { 'x-api-key': '\xff' },
    { 'x-api-key': ['a', 'b'] },
    { range: 'bytes=0-0' },
    { 'if-none-match': '*' },
    { expect: '100-continue' },
    { expect: 'more' },
    { upgrade: 'websocket', connection: 'upgrade' },
    { te: 'trailers' },
    { accept: 'image/png' },
    { 'accept-encoding': 'identity;q=0' },
    { origin: 'null', 'access-control-request-method': 'POST' },
    { cookie: '\xff' },
    { 'x-http-method-override': 'DELETE' },
    { 'x-forwarded-for': 'nobody' },
  ];

  test('no header makes an error of ours of it', async () => {
    const cases = routes.flatMap(([path, methods]) =>
      // It would end the key that the test uses.
      path === '/api/keys/rotate'
        ? []
        : [...methods, 'QUERY'].flatMap((method) => HEADERS.map((headers) => ({ path, method, headers }))),
    );
    await forEach(cases, async ({ path, method, headers }) => {
      const { status } = await send(method, path, headers);
      assert.ok(status > 0 && status < 500, `${method} ${path} ${JSON.stringify(headers)}: ${status}`);
    });
  });
});
