/** Sockets of clients: `Expect: 100-continue`, and how connections end. */
export { askKeysFirst, sendContinue } from './continue.ts';
export { drain, trackConnections } from './drain.ts';
export { endAfterAnswer, isEnding } from './ending-connections.ts';
export { dropRest, hasBodyToCome, sendAndLinger } from './linger.ts';
