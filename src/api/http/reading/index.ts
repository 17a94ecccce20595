/** Reads connections in slices and in turns, so that costly bytes of one leave the loop to others. */

export { ConnectionReader } from './connection-reader.ts';
export { Readers, readerOf } from './readers.ts';
