/** Within one process: bus, activity, token buckets. */

export { ProcessActivity } from './activity.ts';
export { ProcessBus } from './bus.ts';
export { TokenBuckets } from './rate-limiter.ts';
