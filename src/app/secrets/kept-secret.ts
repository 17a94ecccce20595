import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { StartRefused } from '../../ports/start-refused.ts';

/**
 * A secret that is made at the first start and kept in a file of its own, readable by this user alone. Written under
 * another name, synced and renamed: after a crash the file is there whole or not at all.
 * @param form what a good one looks like; a file with something else in it refuses the start
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
    // One that a crash left behind may have been made with other permissions.
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
