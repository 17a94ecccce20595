/** The stream of what happens now, for those who watch. */

export { LiveTail } from './live-tail.ts';
export { Tail, type TailMessage } from './stream-tail.ts';
