/** Redis: connections, Lua scripts, consumer groups, and the meaning of its errors. */

export { checkRedis } from './checks.ts';
export { CompletenessMark } from './completeness-mark.ts';
export { Redis, RedisReader } from './connection.ts';
export { ConsumerGroup, type RawEntry } from './consumer-group.ts';
export { WrongType, wrongType } from './errors.ts';
export { dedupKey, WAITING_KEY } from './keys.ts';
