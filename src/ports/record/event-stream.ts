import type { AcceptedEvent } from '../../core/events/event.ts';
import type { Milliseconds } from '../../core/time.ts';

/** An accepted event on its way to the record, in the hands of one reader. */
export interface StreamEntry {
  /** The stream's own name for it. */
  readonly id: string;
  /** Where it is among all accepted events: by time (ms since the epoch), then by number. */
  readonly place: { readonly ms: number; readonly number: number };
  /** What it holds, or a few words on why that is no event. */
  readonly content: { readonly event: AcceptedEvent } | { readonly defect: string };
}

/** Where accepted events wait for the record. Engines whose intake is the record have none. */
export interface EventStream {
  /**
   * Up to `limit` entries that no reader has, oldest first. Waits for the first one up to `waitMs`. What is read stays
   * this reader's until it is acknowledged or buried, or until the reader is taken for dead.
   */
  read(limit: number, waitMs: Milliseconds): Promise<readonly StreamEntry[]>;

  /** Up to `limit` entries of readers that have been silent for too long; they are this reader's from now on. */
  claim(limit: number): Promise<readonly StreamEntry[]>;

  /** Whether nothing is in the stream that was accepted before this entry. */
  isFirst(entry: StreamEntry): Promise<boolean>;

  /** They are on record: they leave the stream, in one step. */
  acknowledge(entries: readonly StreamEntry[]): Promise<void>;

  /** They can't be recorded: they go to the dead ones, as they came, each with its reason, in one step. */
  moveToDeadLetters(dead: readonly { readonly entry: StreamEntry; readonly reason: string }[]): Promise<void>;

  /** How many are in the stream: waiting, or in a reader's hands. */
  length(): Promise<number>;
}
