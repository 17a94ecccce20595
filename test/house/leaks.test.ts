import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findLeaks } from '../../scripts/leaks.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('what was logged is searched for payloads and secrets, and the place is told', (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, '1.secrets'), `${JSON.stringify(['canary-of-a-payload', 'say "hello" to them'])}\n`);
  writeFileSync(join(folder, '1.log'), '{"msg":"GET /health"}\n');
  assert.deepEqual(findLeaks(folder), []);
  writeFileSync(
    join(folder, '2.log'),
    'INFO: fine\nINFO: body={"x":"canary-of-a-payl\nINFO: whsec_c2VjcmV0c2VjcmV0c2Vj\n',
  );
  const leaks = findLeaks(folder);
  assert.equal(leaks.length, 2);
  assert.match(leaks[0] ?? '', /2\.log:2 has canary-of-a-payl…/);
  assert.match(leaks[1] ?? '', /2\.log:3 has whsec_/);
});
