import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startTestService } from '../support/service.ts';

const BUNDLE_BYTES = 80 * 1024;

test('the page and its files: strict policy, names that never change, at most 80 KB', async (context) => {
  const service = await startTestService(context);
  const page = await service.get('/dashboard', { key: null });
  assert.equal(page.status, 200, page.text);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  const names = [...page.text.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(([, name = '']) => name);
  assert.equal(names.length, 2, page.text);
  let bytes = 0;
  for (const name of names) {
    const file = await service.get(name, { key: null });
    assert.equal(file.status, 200);
    assert.match(String(file.headers['cache-control']), /immutable/);
    const again = await service.get(name, { key: null, headers: { 'if-none-match': String(file.headers['etag']) } });
    assert.equal(again.status, 304);
    bytes += gzipSync(file.text).length;
  }
  assert.ok(bytes <= BUNDLE_BYTES, `${bytes} bytes`);
  for (const odd of ['index.html', 'stamp', '..%2f..%2fpackage.json', 'dashboard-AAAAAAAA.js']) {
    assert.equal((await service.get(`/dashboard/files/${odd}`, { key: null })).status, 404, odd);
  }
});

test('the well-known key is offered in development only, and only to loopback names', async (context) => {
  const service = await startTestService(context);
  const offered = await service.get('/dashboard/development', { key: null });
  assert.equal(offered.json.api_key, service.key);
  for (const path of ['/dashboard', '/dashboard/development']) {
    assert.equal((await service.get(path, { key: null, headers: { host: 'evil.example' } })).status, 403);
  }
  const guarded = await startTestService(context, { ADMIN_TOKEN: 'admin-token-of-this-test' });
  assert.equal((await guarded.get('/dashboard/development', { key: null })).status, 404);
  assert.equal((await guarded.get('/dashboard', { key: null })).status, 200);
});
