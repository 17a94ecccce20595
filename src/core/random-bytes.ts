import { randomFillSync } from 'node:crypto';

/** Bytes drawn at once: a call for a few bytes costs as much as one for thousands. */
const POOL_BYTES = 8_192;
const pool = Buffer.alloc(POOL_BYTES);
let at = POOL_BYTES;

/** Returns a few unpredictable bytes. To be read at once: later calls overwrite them. */
export function fewRandomBytes(count: number): Buffer {
  if (at + count > POOL_BYTES) {
    randomFillSync(pool);
    at = 0;
  }
  at += count;
  return pool.subarray(at - count, at);
}
