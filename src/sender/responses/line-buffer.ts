const NO_BYTES = Buffer.alloc(0);
const FIRST_CAPACITY_BYTES = 256;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The beginning of an incomplete line. Pieces are copied into a buffer that doubles, and only new bytes are searched: a
 * line that arrives byte by byte costs as much in total as one that arrives at once.
 */
export class LineBuffer {
  #bytes: Buffer = NO_BYTES;
  #length = 0;
  /** Whether the last returned line ended with LF alone. */
  endedInLfAlone = false;

  get length(): number {
    return this.#length;
  }

  /** Returns the completed line. @param end the index in `bytes` of the LF that ends it */
  complete(bytes: Buffer, end: number): string {
    let text: string;
    if (this.#length === 0) {
      text = this.#textOf(bytes, end);
    } else {
      this.hold(bytes.subarray(0, end));
      text = this.#textOf(this.#bytes, this.#length);
      this.#bytes = NO_BYTES;
      this.#length = 0;
    }
    return text;
  }

  hold(piece: Buffer): void {
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY_BYTES, this.#bytes.length * 2, needed));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** The first bytes held, to detect early that they do not begin a response. */
  beginning(length: number): Buffer {
    return this.#bytes.subarray(0, Math.min(length, this.#length));
  }

  #textOf(bytes: Buffer, end: number): string {
    this.endedInLfAlone = end === 0 || bytes[end - 1] !== CR;
    return bytes.toString('latin1', 0, this.endedInLfAlone ? end : end - 1);
  }
}

/** @returns the index of the first LF; -1: none */
export function lineEndIn(bytes: Buffer): number {
  return bytes.indexOf(LF);
}
