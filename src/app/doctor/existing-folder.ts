import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** @returns the folder, or its nearest existing parent */
export function existingFolder(path: string): string {
  let at = resolve(path);
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
