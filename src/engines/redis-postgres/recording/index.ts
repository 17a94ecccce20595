/** From `zapier:events` into the record: the ports `record/event-stream` and `record/event-record`. */

export { RedisDeadEvents } from './dead-events.ts';
export { EventRecord } from './event-record.ts';
export { RedisEventStream } from './event-stream.ts';
