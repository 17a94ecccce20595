/** The role of a process. `serve` has all roles. The others need the distributed engine; any number of each may run. */
export const ROLES = ['serve', 'api', 'worker', 'deliverer'] as const;
export type Role = (typeof ROLES)[number];

/** The HTTP API: accepts events and answers requests. */
export function hasApi(role: Role): boolean {
  return role === 'serve' || role === 'api';
}

/** Records accepted events, repairs the queue, and removes expired events. */
export function hasWorker(role: Role): boolean {
  return role === 'serve' || role === 'worker';
}

/** Sends webhooks. */
export function hasDeliverer(role: Role): boolean {
  return role === 'serve' || role === 'deliverer';
}
