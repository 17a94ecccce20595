import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { weaknessOf } from '../../src/app/settings/token-strength.ts';
import { startTestService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('ADMIN_TOKEN=generate: made at the first start, shown once, kept for this user alone', async (context) => {
  const DATA_DIR = temporaryFolder(context);
  const env = { DATA_DIR, ADMIN_TOKEN: 'generate', NODE_ENV: 'production' };
  const warnings: string[] = [];
  const log = { ...SILENT_LOG, warn: (message: string) => void warnings.push(message) };
  const path = join(DATA_DIR, 'admin-token');
  const made = async () => {
    const service = await startTestService(context, env, log);
    const token = readFileSync(path, 'utf8').trim();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await service.post('/api/organizations', { name: 'x' }, { key: null, headers });
    await service.stop();
    assert.equal(answer.status, 201, answer.text);
    return token;
  };
  const token = await made();
  assert.equal(weaknessOf(token), null);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(warnings.filter((line) => line.includes(token)).length, 1);
  assert.equal(await made(), token);
  assert.equal(warnings.filter((line) => line.includes(token)).length, 1);
  writeFileSync(path, 'cut');
  await assert.rejects(
    () => startTestService(context, env, log),
    /admin-token does not contain what this program wrote/,
  );
});
