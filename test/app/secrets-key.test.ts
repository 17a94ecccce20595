import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { eventually, startTestService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KEY = Buffer.alloc(32, 3).toString('base64');
const OTHER = Buffer.alloc(32, 4).toString('base64');

test('the embedded engine makes a key at its first start, keeps it for this user alone, and needs it', async (context) => {
  const DATA_DIR = temporaryFolder(context);
  const path = join(DATA_DIR, 'secrets.key');
  const first = await startTestService(context, { DATA_DIR });
  const { secret } = (await first.post('/api/webhook/config', { webhook_url: 'http://localhost:1/a' })).json;
  assert.match(secret, /^whsec_/);
  await first.stop();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  for (const name of readdirSync(DATA_DIR).filter((one) => one.startsWith('triggers.db'))) {
    assert.ok(!readFileSync(join(DATA_DIR, name)).includes(secret), name);
  }
  const second = await startTestService(context, { DATA_DIR });
  assert.equal((await second.get('/api/webhook/config')).json.secret, secret);
  await second.stop();

  const key = readFileSync(path, 'utf8').trim();
  rmSync(path);
  const missing =
    /^Secrets in the database are encrypted with a key \([0-9a-f]{8}\) that is not in SECRETS_KEY or .*secrets\.key: add that key/;
  await assert.rejects(startTestService(context, { DATA_DIR }), { name: 'StartRefused', message: missing });
  assert.ok(!existsSync(path), 'no other key is made in its place');
  await assert.rejects(startTestService(context, { DATA_DIR, SECRETS_KEY: KEY }), { message: missing });
  // From the file to the setting, and from one setting to the next: each start encrypts anew.
  for (const SECRETS_KEY of [`${KEY},${key}`, KEY, `${OTHER},${KEY}`, OTHER]) {
    const lines: string[] = [];
    const log = { ...SILENT_LOG, info: (line: string) => void lines.push(line) };
    const service = await startTestService(context, { DATA_DIR, SECRETS_KEY }, log);
    assert.equal((await service.get('/api/webhook/config')).json.secret, secret);
    if (SECRETS_KEY.includes(',')) {
      await eventually(() => assert.match(lines.join(), /The secrets of 1 rows were encrypted with the current key/));
    }
    await service.stop();
  }
});
