/** Request bodies: read within bounds of bytes and time. */

export { ADMIN_BODY, BodyReader, type BodyRule, countHeader } from './body.ts';
export { BodyChunks } from './body-chunks.ts';
export { acceptEmptyBodies } from './empty-bodies.ts';
export { GrowingBuffer } from './growing-buffer.ts';
export { ODD_CHUNKS } from './wire-bytes.ts';
