import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The folder itself, or where it would be made. */
export function existingFolder(path: string): string {
  let at = resolve(path);
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
