/** The live stream of events and deliveries, for watchers. */

export { LiveTail } from './live-tail.ts';
export { Tail, type TailMessage } from './stream-tail.ts';
