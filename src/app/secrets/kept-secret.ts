import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { StartRefused } from '../../ports/start-refused.ts';

/**
 * A secret that the first start creates and stores in a separate file, which only this user may read. The file is written under
 * another name, synced and renamed, so that after a crash it is complete or missing.
 * @param form the format of the secret; a file with other content refuses the start
 */
export function keptSecret(path: string, make: () => string, form: RegExp): { value: string; isNew: boolean } {
  const kept = read(path);
  if (kept !== undefined) {
    if (!form.test(kept)) {
      throw new StartRefused(`${path} does not contain what this program wrote; restore it from a backup.`);
    }
    chmodSync(path, 0o600);
    return { value: kept, isNew: false };
  }
  const value = make();
  write(path, value);
  return { value, isNew: true };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StartRefused(`${path} can't be read by this user (${codeOf(error)}); change its owner or permissions.`);
  }
}

function write(path: string, value: string): void {
  const temporary = `${path}.new`;
  try {
    // A file that a crash left may have other permissions.
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, `${value}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    const reason = codeOf(error) === 'ENOSPC' ? 'no space is left' : `${codeOf(error)}`;
    throw new StartRefused(`${path} can't be written: ${reason}.`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
