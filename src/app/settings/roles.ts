/** What a process does. `serve` is all of it; the others share one distributed engine, any number of each. */
export const ROLES = ['serve', 'api', 'worker', 'deliverer'] as const;
export type Role = (typeof ROLES)[number];

/** Takes events in and answers requests. */
export function hasApi(role: Role): boolean {
  return role === 'serve' || role === 'api';
}

/** Records what was taken in, mends the queue, removes what is too old. */
export function hasWorker(role: Role): boolean {
  return role === 'serve' || role === 'worker';
}

/** Sends. */
export function hasDeliverer(role: Role): boolean {
  return role === 'serve' || role === 'deliverer';
}
