import type { AcceptedEvent } from '../../core/events/event.ts';
import type { Milliseconds } from '../../core/time.ts';

/** A stream entry: an accepted event that is not on record yet, delivered to one reader. */
export interface StreamEntry {
  /** The entry's id in the stream. */
  readonly id: string;
  /** The position among all accepted events: time (ms since the epoch), then a number. */
  readonly place: { readonly ms: number; readonly number: number };
  /** The event, or a short reason why the entry is not one. */
  readonly content: { readonly event: AcceptedEvent } | { readonly defect: string };
}

/** The stream of accepted events that wait for the record. Absent in engines whose intake writes the record. */
export interface EventStream {
  /**
   * Reads up to `limit` entries that no reader has, oldest first. Waits up to `waitMs` for the first one. An entry
   * stays with this reader until it is acknowledged or moved to the dead letters, or until the reader counts as dead.
   */
  read(limit: number, waitMs: Milliseconds): Promise<readonly StreamEntry[]>;

  /** Claims up to `limit` entries of readers that have been silent too long. */
  claim(limit: number): Promise<readonly StreamEntry[]>;

  /** Whether the stream holds no entry older than this one. */
  isFirst(entry: StreamEntry): Promise<boolean>;

  /** Removes recorded entries from the stream, in one step. */
  acknowledge(entries: readonly StreamEntry[]): Promise<void>;

  /** Moves entries that cannot be recorded to the dead letters, unchanged, each with its reason, in one step. */
  moveToDeadLetters(dead: readonly { readonly entry: StreamEntry; readonly reason: string }[]): Promise<void>;

  /** The number of entries in the stream, waiting or with a reader. */
  length(): Promise<number>;
}
