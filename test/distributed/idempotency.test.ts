import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngine, engineEnvironment } from '../support/engine-choice.ts';
import { eventually, startTestService } from '../support/service.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

chooseEngine('distributed');
await import('../api/idempotency.test.ts');

test('while PostgreSQL is away a batch is accepted once, and what only the record can do is 503', async (t) => {
  const dataDir = temporaryFolder(t);
  const url = new URL((await engineEnvironment(dataDir))['DATABASE_URL'] ?? '');
  const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${proxy.port}`;
  t.after(() => proxy.stop());
  const service = await startTestService(t, { DATA_DIR: dataDir, DATABASE_URL: url.href });
  const send = (path: string, body: unknown) => service.post(path, body, { headers: { 'idempotency-key': 'away' } });
  const batch = [{ type: 'away', data: 1 }];
  proxy.stall();
  const first = await send('/api/events/batch', batch);
  assert.deepEqual([first.status, first.json.accepted], [202, 1], first.text);
  assert.equal((await send('/api/inboxes', { name: 'away' })).status, 503);
  proxy.goOn();
  await eventually(async () => assert.equal((await service.get('/api/me')).status, 200));
  const again = await eventually(async () => {
    const answer = await send('/api/events/batch', batch);
    assert.equal(answer.status, 202, answer.text);
    return answer;
  });
  assert.deepEqual([again.json.duplicates, again.json.results[0].id], [1, first.json.results[0].id]);
});
