import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
}

/** As JSON texts: some of them are no values of JavaScript's. */
const ODD = [
  'null',
  '[]',
  '{}',
  '""',
  '0',
  '-1',
  '1e400',
  '1.5',
  '2.01',
  '12345678901234567890',
  'true',
  '"\\u0000"',
  '"\\ud800"',
  '"*"',
  '"\\u202e"',
  `"${'x'.repeat(5_000)}"`,
  '"2026-11-31T00:00:00Z"',
  '"0000-01-01T00:00:00Z"',
  '"9999-12-31T23:59:59-23:59"',
  '"00000000-0000-0000-0000-000000000000"',
  '"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"',
  // Short, or it would count as a payload that no log may name.
  '"http://x.test/"',
  '["\\u0000"]',
  '["\\ud800","*"]',
  '[null,1]',
  '["a","a"]',
  '{"__proto__":1,"constructor":{}}',
  '{"\\u0000":"\\ud800"}',
  '[["a"]]',
];

describe('whatever a field of a body is', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let routes: { method: string; path: string; url: string; schema: Schema }[];
  let ids: Record<string, string>;
  before(async () => {
    service = await startTestService(cleanup);
    const endpoint = await service.post('/api/endpoints', { url: 'http://127.0.0.1:1/', enabled: false });
    await service.post('/api/inboxes', { name: 'odd' });
    const event = await service.send('odd', 1);
    ids = { endpoints: endpoint.json.id, events: event, inboxes: 'odd', ack: event };
    const { paths } = (await service.get('/openapi.json')).json;
    routes = Object.entries(paths as Record<string, Record<string, { requestBody?: object }>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).flatMap(([method, { requestBody }]) => {
          const { content } = (requestBody ?? {}) as { content?: Record<string, { schema: Schema }> };
          const schema = content?.['application/json']?.schema;
          if (schema === undefined || path === '/api/keys/rotate') return [];
          const url = path.replace(/\/([\w-]+)\/\{\w+\}/g, (_all, of: string) => `/${of}/${ids[of] ?? event}`);
          return [{ method: method.toUpperCase(), path, url, schema }];
        }),
    );
    assert.ok(routes.length > 20);
  });

  /** What makes the rest of the body right, so that the odd value is what is looked at. */
  const BASE: Readonly<Record<string, object>> = {
    'POST /api/endpoints': { url: 'http://127.0.0.1:1/', enabled: false },
    'POST /api/subscriptions': { target_url: 'http://127.0.0.1:1/' },
    'POST /api/events': { type: 'odd', data: 1 },
    'POST /api/deliveries/retry': { status: 'failed', type: 'never' },
    'POST /api/inboxes': { name: 'odd-2' },
    'POST /api/inbox/requeue': { all: true, event_types: ['never'] },
    'POST /api/inbox/release': { lease_id: 'x' },
    'POST /api/inbox/extend': { lease_id: 'x', lease_seconds: 1 },
    'POST /api/keys': { name: 'odd', scopes: ['consume'] },
    'POST /api/organizations': { name: 'odd' },
    'POST /api/endpoints/{id}/recover': { since: '2026-01-01T00:00:00Z' },
  };

  test('it is taken or refused, and never an error of ours', async () => {
    const failures: string[] = [];
    for (const { method, path, url, schema } of routes) {
      const base = BASE[`${method} ${path}`] ?? {};
      for (const name of Object.keys(schema.properties ?? {})) {
        const nested = Object.keys(schema.properties?.[name]?.properties ?? {});
        const values = [
          ...ODD,
          ...nested.flatMap((inner) => ODD.map((value) => `{${JSON.stringify(inner)}:${value}}`)),
        ];
        const rest = Object.entries(base).filter(([key]) => key !== name);
        const head = rest.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`).join('');
        await Promise.all(
          values.map(async (value) => {
            const raw = `{${head}${JSON.stringify(name)}:${value}}`;
            const answer = await service.call(method, url, { raw });
            if (answer.status >= 500) failures.push(`${method} ${path} ${raw.slice(0, 200)}: ${answer.status}`);
          }),
        );
      }
    }
    assert.deepEqual(failures, []);
  });

  test('the same in a query', async () => {
    const { paths } = (await service.get('/openapi.json')).json;
    const odd = [
      '',
      '%00',
      '%ff',
      '%ED%A0%80',
      '-1',
      '1e400',
      'x'.repeat(2_000),
      '*',
      '0000-01-01T00:00:00Z',
      'null',
      '[]',
    ];
    const lists = Object.entries(paths as Record<string, { get?: { parameters?: { name: string; in: string }[] } }>);
    for (const [path, { get }] of lists) {
      if (path === '/api/stream') continue;
      const url = path.replace(/\/([\w-]+)\/\{\w+\}/g, (_all, of: string) => `/${of}/${ids[of] ?? 'odd'}`);
      const names = (get?.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name);
      for (const name of names) {
        const answers = await Promise.all(odd.map((value) => service.get(`${url}?${name}=${value}`)));
        for (const answer of answers) assert.ok(answer.status < 500, `${url} ${name}: ${answer.text}`);
      }
    }
  });
});
