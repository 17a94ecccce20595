import { isUtf8 } from 'node:buffer';
import {
  MAX_EVENT_BODY_BYTES,
  MIN_NDJSON_BYTES_PER_SECOND,
  NDJSON_LINE_GRACE_MS,
  NDJSON_LINE_TIMEOUT_MS,
} from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';
import type { Milliseconds } from '../../../core/time.ts';
import { GrowingBuffer } from '../../http/bodies/index.ts';
import type { Item } from './event-results.ts';

const LINE_FEED = 0x0a;
const BLANK = /^[ \t\r]*$/;

const TOO_LONG: Problem = {
  code: 'payload_too_large',
  detail: `A line may have at most ${MAX_EVENT_BODY_BYTES} bytes.`,
};
const BAD_UTF8: Problem = { code: 'invalid_json', detail: 'The line is not valid UTF-8.' };

/** The time that a client has for a line of this many bytes: by the minimum rate, within two bounds. */
export function lineTimeMs(begunBytes: number): Milliseconds {
  const atLeastRate = (begunBytes / MIN_NDJSON_BYTES_PER_SECOND) * 1_000;
  return Math.min(NDJSON_LINE_TIMEOUT_MS, Math.max(NDJSON_LINE_GRACE_MS, atLeastRate));
}

/**
 * Splits a stream of bytes into NDJSON lines as they arrive. It keeps at most one incomplete line, and nothing of a line that
 * is too long. Blank lines are skipped.
 */
export class LineCutter {
  readonly #begun = new GrowingBuffer(MAX_EVENT_BODY_BYTES);
  #begunBytes = 0;
  #isTooLong = false;

  /** Bytes of the incomplete line, kept or discarded. */
  get begunBytes(): number {
    return this.#begunBytes;
  }

  /** Bytes of memory that the incomplete line holds. */
  get room(): number {
    return this.#begun.room;
  }

  /** @returns the lines that these bytes complete */
  push(chunk: Buffer): Item[] {
    const items: Item[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED, from); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      this.#add(chunk.subarray(from, at));
      this.#complete(items);
      from = at + 1;
    }
    if (from < chunk.length) this.#add(chunk.subarray(from));
    return items;
  }

  /** The last line needs no line feed. */
  end(): Item[] {
    const items: Item[] = [];
    this.#complete(items);
    return items;
  }

  #add(bytes: Buffer): void {
    this.#begunBytes += bytes.length;
    if (this.#begunBytes <= MAX_EVENT_BODY_BYTES) {
      this.#begun.add(bytes);
      return;
    }
    this.#isTooLong = true;
    this.#begun.take();
  }

  #complete(items: Item[]): void {
    const line = this.#begun.take();
    if (this.#isTooLong) items.push({ problem: TOO_LONG });
    else if (!isUtf8(line)) items.push({ problem: BAD_UTF8 });
    else if (line.length > 64 || !BLANK.test(line.toString('latin1'))) items.push({ bytes: line });
    this.#begunBytes = 0;
    this.#isTooLong = false;
  }
}
