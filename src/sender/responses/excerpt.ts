import { MAX_RESPONSE_EXCERPT_BYTES } from '../../core/limits.ts';

const REPLACEMENT = '\uFFFD';
const NO_BYTES = Buffer.alloc(0);

/** Keeps the first 4 KB of a body as text, and counts all of it. */
export class Excerpt {
  #kept: Buffer = NO_BYTES;
  #received = 0;

  /** Bytes of the body received so far. */
  get receivedBytes(): number {
    return this.#received;
  }

  add(chunk: Buffer): void {
    this.#received += chunk.length;
    const room = MAX_RESPONSE_EXCERPT_BYTES - this.#kept.length;
    if (room <= 0) return;
    const part = chunk.subarray(0, room);
    this.#kept = this.#kept.length === 0 ? part : Buffer.concat([this.#kept, part]);
  }

  /**
   * Returns at most 4 KB of UTF-8. Invalid UTF-8, and NUL (which PostgreSQL cannot store), become U+FFFD; nothing is
   * decompressed.
   */
  text(): string {
    if (this.#kept.length === 0) return '';
    const text = this.#kept.toString('utf8').replaceAll('\0', REPLACEMENT);
    return fit(this.#kept.length < this.#received ? withoutCutCharacter(text) : text);
  }
}

/** Shortens the text again: each invalid byte has become three. */
function fit(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_RESPONSE_EXCERPT_BYTES) return text;
  // A character cut in two becomes a replacement character of three bytes, for which room is left and which is dropped.
  return withoutCutCharacter(bytes.toString('utf8', 0, MAX_RESPONSE_EXCERPT_BYTES - 3));
}

function withoutCutCharacter(text: string): string {
  return text.endsWith(REPLACEMENT) ? text.slice(0, -1) : text;
}
