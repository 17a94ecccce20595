import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, startTestService } from '../support/service.ts';

test('503 unavailable while the disk is full: nothing of the event is there, reads work, and 202 when there is space', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-full-'));
  // Who may not mount has the engine's own test of a full database (test/sqlite).
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]).status !== 0) return;
  const service = await startTestService(context, { DATA_DIR: join(folder, 'data') });
  // After the service has ended: what is left behind first is done first.
  context.after(() => {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  const id = await service.send('before', 1);
  const filler = join(folder, 'filler');
  fill(filler);
  const text = 'x'.repeat(200_000);
  const full = await eventually(async () => {
    const answer = await service.post('/api/events', { type: 'full', data: text });
    assert.equal(answer.status, 503);
    return answer;
  });
  assert.equal(full.json.code, 'unavailable');
  assert.ok(Number(full.headers['retry-after']) >= 1);
  assert.equal((await service.get(`/api/events/${id}`)).status, 200);
  assert.equal((await service.get('/health')).json.status, 'degraded');
  assert.equal((await service.get('/health/ready')).status, 503);
  const before = (await service.get('/api/events?type=full')).json.data.length;
  rmSync(filler);
  await eventually(async () => {
    assert.equal((await service.post('/api/events', { type: 'full', data: text })).status, 202);
  });
  assert.equal((await service.get('/api/events?type=full')).json.data.length, before + 1);
  await eventually(async () => assert.equal((await service.get('/health/ready')).status, 200));
});

/** Until no space is left. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch {
    closeSync(file);
  }
}
