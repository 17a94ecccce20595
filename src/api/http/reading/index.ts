/** Reads connections in slices and in turns, so that costly bytes of one connection do not block the others. */

export { ConnectionReader } from './connection-reader.ts';
export { Readers, readerOf } from './readers.ts';
