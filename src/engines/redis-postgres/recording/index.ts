/** From `zapier:events` into the record: the ports `record/event-stream` and `record/event-record`. */

export { RedisDeadLetters } from './dead-letters.ts';
export { EventRecord } from './event-record.ts';
export { RedisEventStream } from './event-stream.ts';
