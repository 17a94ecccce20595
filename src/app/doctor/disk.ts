import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Finding } from '../../ports/finding.ts';
import { existingFolder } from './existing-folder.ts';

const SYNCS = 20;
const PAGE = Buffer.alloc(4_096, 1);
/** A 202 waits for one sync, and its target is 10 ms. */
const SLOW_MS: Milliseconds = 8;

/**
 * Measures writing and syncing a page, as a commit does, in a new folder within DATA_DIR, or within the folder where DATA_DIR
 * would be created.
 */
export async function checkDisk(dataDir: string, clock: Clock): Promise<Finding> {
  try {
    return judgeDisk(await syncTimes(existingFolder(dataDir), clock));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const text = `A file in DATA_DIR can't be written and synced (${code}): check its permissions and the disk.`;
    return { level: 'failed', about: 'Disk', text };
  }
}

export function judgeDisk(tookMs: readonly Milliseconds[]): Finding {
  const sorted = [...tookMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const shown = `${median.toFixed(2)} ms (median of ${tookMs.length}), ${(sorted.at(-1) ?? 0).toFixed(2)} ms at most`;
  if (median <= SLOW_MS) return { level: 'ok', about: 'Disk', text: `An fsync takes ${shown}.` };
  const text = `An fsync takes ${shown}, and every 202 waits for one: move DATA_DIR to a local SSD.`;
  return { level: 'warning', about: 'Disk', text };
}

async function syncTimes(folder: string, clock: Clock): Promise<Milliseconds[]> {
  const own = await mkdtemp(join(folder, '.doctor-'));
  try {
    const file = await open(join(own, 'page'), 'w');
    try {
      const times = [];
      for (let at = 0; at < SYNCS; at++) {
        await file.write(PAGE);
        const startedAt = clock.monotonicMs();
        await file.datasync();
        times.push(clock.monotonicMs() - startedAt);
      }
      return times;
    } finally {
      await file.close();
    }
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
