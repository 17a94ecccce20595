import { statfs } from 'node:fs/promises';
import type { Finding } from '../../ports/finding.ts';
import { existingFolder } from './existing-folder.ts';

const GIB = 1024 ** 3;
/** Below this, the write-ahead log alone may fill the disk. */
const TOO_LITTLE = 0.1 * GIB;
/** A million events of 1 KB with a delivery each. */
const LITTLE = 2 * GIB;

export async function checkSpace(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(existingFolder(dataDir));
  return judgeSpace(bavail * bsize);
}

export function judgeSpace(freeBytes: number): Finding {
  const about = 'Free space';
  const free = `${(freeBytes / GIB).toFixed(1)} GiB`;
  if (freeBytes >= LITTLE) return { level: 'ok', about, text: `${free} free on the disk of DATA_DIR.` };
  return {
    level: freeBytes < TOO_LITTLE ? 'failed' : 'warning',
    about,
    text: `Only ${free} on the disk of DATA_DIR: free some space, shorten RETENTION, or choose another DATA_DIR.`,
  };
}
