import type { Timestamp } from '../../core/time.ts';

/** A stream entry that the record refused, unchanged. */
export interface DeadLetter {
  /** The entry's id in the dead-letter stream. */
  readonly id: string;
  readonly reason: string;
  readonly deadLetteredAt: Timestamp | null;
  /** Fields of the entry itself, if they are text; a damaged entry may contain anything. */
  readonly eventId: string | null;
  readonly organizationId: string | null;
  readonly type: string | null;
}

/** Dead letters, for operators: list, requeue, drop. */
export interface DeadLetters {
  /** Oldest first; `after` is the last one's id. */
  list(limit: number, after: string | null): Promise<readonly DeadLetter[]>;
  /** Appends the entries to the stream again, with their original fields. @returns how many */
  requeue(ids: readonly string[] | 'all'): Promise<number>;
  /** Deletes the entries. @returns how many */
  drop(ids: readonly string[] | 'all'): Promise<number>;
  count(): Promise<number>;
}
