import type { OrganizationId } from '../../core/ids.ts';
import { MAX_READS, MAX_READS_OF_ORGANIZATION, MAX_WAITING_READS, READ_TURN_MS } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** Longest pause after a slice, however long the slice took. */
const MAX_PAUSE_MS: Milliseconds = 20;

interface Waiting {
  readonly organizationId: OrganizationId;
  start(): void | Promise<void>;
}

/**
 * Shares the process between organizations for long reads (lists, exports, previews, searches): a bounded number at
 * once, each in pieces, a few ms of the event loop per slice. Organizations take turns.
 */
export class ReadSlots {
  readonly #clock: Clock;
  readonly #running = new Map<OrganizationId, number>();
  #runningOverAll = 0;
  readonly #waiting = new Queues();
  readonly #pieces = new Queues();
  #isWorking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a long read when a slot is free. `full`: too many reads of this organization are waiting. */
  async run<Result>(organizationId: OrganizationId, read: () => Promise<Result>): Promise<Result | 'full'> {
    if (!this.#isFree(organizationId)) {
      if (this.#waiting.lengthOf(organizationId) >= MAX_WAITING_READS) return 'full';
      await new Promise<void>((start) => this.#waiting.add({ organizationId, start }));
    } else this.#count(organizationId, 1);
    try {
      return await read();
    } finally {
      this.#count(organizationId, -1);
      this.#startNext();
    }
  }

  /**
   * Runs one piece of a long read in its organization's turn. A slice is measured by the piece's synchronous part,
   * which is the whole read on the embedded engine.
   */
  piece<Result>(organizationId: OrganizationId, read: () => Promise<Result>): Promise<Result> {
    return this.#add(organizationId, read, false);
  }

  /** Like `piece`, for a piece that writes: no other piece starts before it resolves. */
  pieceAlone<Result>(organizationId: OrganizationId, read: () => Promise<Result>): Promise<Result> {
    return this.#add(organizationId, read, true);
  }

  #add<Result>(organizationId: OrganizationId, read: () => Promise<Result>, isAlone: boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      const start = async () => {
        try {
          const reading = read();
          resolve(reading);
          if (isAlone) await reading.catch(() => {});
        } catch (error) {
          reject(error);
        }
      };
      this.#pieces.add({ organizationId, start });
      if (!this.#isWorking) void this.#work();
    });
  }

  #isFree(organizationId: OrganizationId): boolean {
    return this.#runningOverAll < MAX_READS && (this.#running.get(organizationId) ?? 0) < MAX_READS_OF_ORGANIZATION;
  }

  #count(organizationId: OrganizationId, by: number): void {
    this.#runningOverAll += by;
    const running = (this.#running.get(organizationId) ?? 0) + by;
    if (running === 0) this.#running.delete(organizationId);
    else this.#running.set(organizationId, running);
  }

  #startNext(): void {
    const next = this.#waiting.next((organizationId) => this.#isFree(organizationId));
    if (next === undefined) return;
    this.#count(next.organizationId, 1);
    void next.start();
  }

  /**
   * Runs slices of pieces, with pauses of twice their time for all other work: a loop without pauses would delay every
   * request.
   */
  async #work(): Promise<void> {
    this.#isWorking = true;
    while (!this.#pieces.isEmpty) {
      await new Promise((resolve) => setImmediate(resolve));
      const startedAt = this.#clock.monotonicMs();
      let usedMs = 0;
      do {
        await this.#pieces.next(() => true)?.start();
        usedMs = this.#clock.monotonicMs() - startedAt;
      } while (usedMs < READ_TURN_MS && !this.#pieces.isEmpty);
      const pauseMs = Math.min(MAX_PAUSE_MS, 2 * usedMs);
      if (pauseMs >= 1) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.#isWorking = false;
  }
}

/** One queue per organization; an organization that was served moves to the end. */
class Queues {
  readonly #queues = new Map<OrganizationId, Waiting[]>();

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  lengthOf(organizationId: OrganizationId): number {
    return this.#queues.get(organizationId)?.length ?? 0;
  }

  add(waiting: Waiting): void {
    const queue = this.#queues.get(waiting.organizationId);
    if (queue === undefined) this.#queues.set(waiting.organizationId, [waiting]);
    else queue.push(waiting);
  }

  next(isFree: (organizationId: OrganizationId) => boolean): Waiting | undefined {
    for (const [organizationId, queue] of this.#queues) {
      if (!isFree(organizationId)) continue;
      const next = queue.shift();
      this.#queues.delete(organizationId);
      if (queue.length > 0) this.#queues.set(organizationId, queue);
      return next;
    }
    return undefined;
  }
}
