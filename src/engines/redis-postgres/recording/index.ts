/**
 * From the stream `zapier:events` into the record: implements the ports `record/event-stream`, `record/event-record`
 * and `record/dead-letters`.
 */

export { RedisDeadLetters } from './dead-letters.ts';
export { EventRecord } from './event-record.ts';
export { RedisEventStream } from './event-stream.ts';
