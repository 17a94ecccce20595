/** Coordination between processes: bus, activity feed, rate limiter, leadership. */

export { RedisActivity } from './activity.ts';
export { RedisBus } from './bus.ts';
export { RedisLeadership } from './leadership.ts';
export { RedisRateLimiter } from './rate-limiter.ts';
