/** HTTP/1.1 responses of receivers, read in linear time and bounded bytes (RFC 9112). */

export { Excerpt } from './excerpt.ts';
export { ResponseReader, type ResponseSink } from './response-reader.ts';
export { parseRetryAfter } from './retry-after.ts';
