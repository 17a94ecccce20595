import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './service.ts';

/** Gone when the test is over. */
export function temporaryFolder(context: Cleanup): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'triggers-test-')));
  context.after(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
