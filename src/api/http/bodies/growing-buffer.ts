/** Initial room for a second piece, so that a body in small pieces is not copied for each of them. */
const FIRST_ROOM = 4 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * A buffer that doubles as pieces are added. A list would need an object for each piece: a body in pieces of one byte took 340
 * bytes of heap for each byte.
 */
export class GrowingBuffer {
  #buffer: Buffer = EMPTY;
  #length = 0;
  readonly #maxBytes: number;

  /** @param maxBytes maximum size of the buffer */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that the buffer holds. */
  get room(): number {
    return this.#buffer.length;
  }

  /**
   * @param piece the first piece is not copied, so the caller must not change it. All pieces together have at most `maxBytes`
   */
  add(piece: Buffer): void {
    if (this.#length === 0) {
      this.#buffer = piece;
      this.#length = piece.length;
      return;
    }
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length || this.#buffer.length === this.#length) this.#grow(needed);
    piece.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  /** Returns the bytes and empties the buffer. */
  take(): Buffer {
    const whole = this.#buffer.subarray(0, this.#length);
    this.#buffer = EMPTY;
    this.#length = 0;
    return whole;
  }

  #grow(needed: number): void {
    const room = Math.max(needed, Math.min(this.#maxBytes, Math.max(FIRST_ROOM, 2 * this.#length)));
    const larger = Buffer.allocUnsafeSlow(room);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
