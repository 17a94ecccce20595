import type { EventId, OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds, Timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { dedupKey, type Redis } from '../redis/index.ts';

const FORGET_MARGIN_MS: Milliseconds = 60_000;

export interface DedupMark {
  readonly organizationId: OrganizationId;
  readonly dedupId: string;
  readonly eventId: EventId;
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp;
}

/** Set when all dedup marks of the window exist (`CompletenessMark`). */
export const DEDUP_MARKS_COMPLETE = 'dedup-marks-complete';

/** All dedup marks together. */
export class DedupMarks {
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(parts: { redis: Redis; clock: Clock }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
  }

  /** Restores missing marks. @returns how many were missing */
  async restore(marks: readonly DedupMark[]): Promise<number> {
    const now = this.#clock.now();
    const args = marks.flatMap((mark) => {
      const remainingMs = mark.expiresAt - now;
      const key = dedupKey(this.#redis, mark);
      if (remainingMs <= 0 || key === undefined) return [];
      return [key, `${mark.eventId} ${mark.createdAt} ${mark.expiresAt}`, String(remainingMs + FORGET_MARGIN_MS)];
    });
    return args.length === 0 ? 0 : Number(await this.#redis.run('restore-marks', [], args));
  }
}
