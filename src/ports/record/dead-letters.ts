import type { Timestamp } from '../../core/time.ts';

/** An entry of the stream that the record would not take, as it came. */
export interface DeadLetter {
  /** The dead stream's own name for it. */
  readonly id: string;
  readonly reason: string;
  readonly deadLetteredAt: Timestamp | null;
  /** What it says of itself, if it is text: a damaged entry may say anything. */
  readonly eventId: string | null;
  readonly organizationId: string | null;
  readonly type: string | null;
}

/** For operators: looking through what could not be recorded, and what becomes of it. */
export interface DeadLetters {
  /** Oldest first; `after` is the last one's id. */
  list(limit: number, after: string | null): Promise<readonly DeadLetter[]>;
  /** Back to the end of the stream, with the fields they came with. @returns how many */
  requeue(ids: readonly string[] | 'all'): Promise<number>;
  /** For good. @returns how many */
  drop(ids: readonly string[] | 'all'): Promise<number>;
  count(): Promise<number>;
}
