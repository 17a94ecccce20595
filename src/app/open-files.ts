import { readFileSync } from 'node:fs';

/** Used if the system does not report a limit. */
const ASSUMED = 1_024;

/** @returns the number of files and sockets that this process may open (Linux; Node raises its soft limit to the hard one) */
export function maxOpenFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? ASSUMED);
  } catch {
    return ASSUMED;
  }
}
