/** Coordination within one process: bus, activity feed, rate limiter. */

export { ProcessActivity } from './activity.ts';
export { ProcessBus } from './bus.ts';
export { TokenBuckets } from './rate-limiter.ts';
