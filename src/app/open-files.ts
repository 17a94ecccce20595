import { readFileSync } from 'node:fs';

/** Where the system does not say. */
const ASSUMED = 1_024;

/** How many files and sockets this process may have open (Linux; Node raises its own soft limit to the hard one). */
export function maxOpenFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? ASSUMED);
  } catch {
    return ASSUMED;
  }
}
