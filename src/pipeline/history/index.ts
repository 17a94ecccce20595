/** Reads history: events, and where each one went. */

export { EventReader } from './event-reader.ts';
export { type Trace, traceEvent, whyNotWanted } from './trace.ts';
