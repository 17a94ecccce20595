import { randomFillSync } from 'node:crypto';

/** Drawn at once: a call for a few bytes costs as much as one for thousands. */
const POOL_BYTES = 8_192;
const pool = Buffer.alloc(POOL_BYTES);
let at = POOL_BYTES;

/** A few bytes nobody can guess, to be read at once: the next call but some may write over them. */
export function fewRandomBytes(count: number): Buffer {
  if (at + count > POOL_BYTES) {
    randomFillSync(pool);
    at = 0;
  }
  at += count;
  return pool.subarray(at - count, at);
}
