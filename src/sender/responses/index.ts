/** Reads receivers' HTTP/1.1 responses (RFC 9112) in linear time and bounded memory. */

export { Excerpt } from './excerpt.ts';
export { ResponseReader, type ResponseSink } from './response-reader.ts';
export { parseRetryAfter } from './retry-after.ts';
