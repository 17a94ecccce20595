import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Answer, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  webhooks: object;
}

describe('documents', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let document: Document;
  before(async () => {
    service = await startTestService(cleanup);
    const answer = await service.get('/openapi.json', { key: null });
    assert.equal(answer.status, 200);
    document = answer.json as unknown as Document;
  });

  test('every operation is there once, under a name of its own', () => {
    assert.equal(document.openapi, '3.1.0');
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.ok(ids.length > 55, String(ids.length));
    assert.equal(new Set(ids).size, ids.length);
    assert.ok('event' in document.webhooks);
  });

  test('what is asked of every route as it stands is answered as the document allows, and never 500', async () => {
    for (const { method, url, responses } of operations()) {
      for (const body of method === 'get' || method === 'delete'
        ? [undefined]
        : [undefined, {}, { nothing: 'known' }, []]) {
        const answer = await service.call(method.toUpperCase(), url, body === undefined ? {} : { body });
        const asked = `${method} ${url} ${JSON.stringify(body)}: ${answer.text}`;
        assert.notEqual(answer.status, 500, asked);
        if (answer.status < 400) assert.ok(String(answer.status) in responses, asked);
        else await isExplained(answer);
      }
    }
  });

  function operations() {
    return Object.entries(document.paths)
      .filter(([path]) => path !== '/api/stream')
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { responses }]) => ({
          method,
          responses,
          url: path.replace(/\{\w+\}/g, '019b76da-a800-7000-8000-000000000000'),
        })),
      );
  }

  async function isExplained({ headers, json }: Answer): Promise<void> {
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    const explained = await service.get(json.type, { key: null });
    assert.deepEqual([explained.status, explained.json.code], [200, json.code]);
  }

  test('the reference is a page of our own, without scripts', async () => {
    const page = await service.get('/docs', { key: null });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    assert.doesNotMatch(page.text, /<script|https?:\/\//);
    for (const path of Object.keys(document.paths)) assert.ok(page.text.includes(path), path);
    assert.equal((await service.get('/docs/style.css', { key: null })).status, 200);
    assert.equal((await service.get('/problems/no_such', { key: null })).status, 404);
    assert.equal((await service.get('/problems/toString', { key: null })).status, 404);
  });
});
