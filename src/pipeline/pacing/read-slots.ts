import type { OrganizationId } from '../../core/ids.ts';
import { MAX_READS, MAX_READS_OF_ORGANIZATION, MAX_WAITING_READS, READ_TURN_MS } from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';

/** After a turn that took very long, by whatever. */
const MAX_REST_MS: Milliseconds = 20;

interface Waiting {
  readonly organizationId: OrganizationId;
  start(): void | Promise<void>;
}

/**
 * Long reads (lists, exports, previews, searches) share the process by organization: so many at once, and each in pieces,
 * of which a turn of the event loop runs a few ms. Between organizations it goes by turns, whoever came first.
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

  /** Runs one long read when there is a slot for it. `full`: too many of this organization wait already. */
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
   * Runs one piece of a long read in its turn. What it does before it first waits is what a turn is measured by: on the
   * embedded engine that is all of its reading.
   */
  piece<Result>(organizationId: OrganizationId, read: () => Promise<Result>): Promise<Result> {
    return this.#add(organizationId, read, false);
  }

  /** The same for a piece that writes, which is done when it says so: no other piece begins before. */
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
    const next = this.#waiting.take((organizationId) => this.#isFree(organizationId));
    if (next === undefined) return;
    this.#count(next.organizationId, 1);
    void next.start();
  }

  /** Turns with pieces, and between them twice their time for everything else: a busy loop would queue up all requests. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    while (!this.#pieces.isEmpty) {
      await new Promise((resolve) => setImmediate(resolve));
      const startedAt = this.#clock.monotonicMs();
      let usedMs = 0;
      do {
        await this.#pieces.take(() => true)?.start();
        usedMs = this.#clock.monotonicMs() - startedAt;
      } while (usedMs < READ_TURN_MS && !this.#pieces.isEmpty);
      const restMs = Math.min(MAX_REST_MS, 2 * usedMs);
      if (restMs >= 1) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    this.#isWorking = false;
  }
}

/** A queue for each organization; who was served goes to the end of the line of organizations. */
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

  take(isFree: (organizationId: OrganizationId) => boolean): Waiting | undefined {
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
