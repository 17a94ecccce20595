import type { OrganizationId } from '../core/ids.ts';
import { MAX_READS, MAX_READS_OF_ORGANIZATION, MAX_WAITING_READS, READ_TURN_MS } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';

interface Waiting {
  readonly organizationId: OrganizationId;
  start(): void;
}

/**
 * Long reads (lists, exports, previews, searches) share the process by organization: so many at once, and each in pieces,
 * of which a turn of the event loop runs a few ms. Between organizations it goes by turns, whoever came first.
 */
export class Reads {
  readonly #clock: Clock;
  readonly #running = new Map<OrganizationId, number>();
  #runningOverAll = 0;
  readonly #waiting = new Queues();
  readonly #pieces = new Queues();
  #isTurnPlanned = false;

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
    return new Promise((resolve, reject) => {
      const start = () => {
        try {
          resolve(read());
        } catch (error) {
          reject(error);
        }
      };
      this.#pieces.add({ organizationId, start });
      this.#planTurn();
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
    next.start();
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      const until = this.#clock.monotonicMs() + READ_TURN_MS;
      do {
        const next = this.#pieces.take(() => true);
        if (next === undefined) return;
        next.start();
      } while (this.#clock.monotonicMs() < until);
      if (!this.#pieces.isEmpty) this.#planTurn();
    });
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
