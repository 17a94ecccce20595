import { addMs, type Milliseconds, timestamp } from '../../core/time.ts';
import type { Leadership } from '../../ports/coordination/leadership.ts';
import type { Store } from '../../ports/engine.ts';
import type { EventStore } from '../../ports/store/event-store.ts';
import type { IdempotencyStore } from '../../ports/store/idempotency-store.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** Events per step; a step is one short transaction. */
const STEP_EVENTS = 200;
/** Pause between steps, so that accepting and delivering go first. */
const STEP_PAUSE_MS = 20;
const ROUND_PAUSE_MS = 60_000;
const DAY_MS: Milliseconds = 86_400_000;

type RetentionStore = Pick<Store, 'events'> & { readonly idempotency: Pick<IdempotencyStore, 'removeBefore'> };

export interface RetentionOptions {
  readonly keepMs: Milliseconds;
  /** How long idempotency keys are valid. */
  readonly dedupWindowMs: Milliseconds;
  /**
   * Rounds the bound down to a whole day (UTC), for a store that can drop a day's partition at once. Events leave up to
   * a day later, at no cost per row.
   */
  readonly wholeDays: boolean;
  /** Set where several processes share the store: only the leader removes. Null for a single process. */
  readonly leadership: Pick<Leadership, 'lead'> | null;
}

/** Removes events older than the retention from the record, in small steps. */
export class Retention {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics'>;
  readonly #events: EventStore;
  readonly #keepMs: Milliseconds;
  readonly #idempotency: Pick<IdempotencyStore, 'removeBefore'>;
  readonly #dedupWindowMs: Milliseconds;
  readonly #wholeDays: boolean;
  readonly #leadership: Pick<Leadership, 'lead'> | null;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #round: Promise<void> = Promise.resolve();

  constructor(context: Pick<Context, 'clock' | 'log' | 'metrics'>, store: RetentionStore, options: RetentionOptions) {
    this.#context = context;
    this.#events = store.events;
    this.#idempotency = store.idempotency;
    this.#leadership = options.leadership;
    this.#keepMs = options.keepMs;
    this.#dedupWindowMs = options.dedupWindowMs;
    this.#wholeDays = options.wholeDays && options.keepMs >= 2 * DAY_MS;
  }

  start(): void {
    this.#schedule(ROUND_PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Removes everything that has expired. @returns the number of events removed */
  async runRound(): Promise<number> {
    const bound = addMs(this.#context.clock.now(), -this.#keepMs);
    const before = this.#wholeDays ? timestamp(bound - (bound % DAY_MS)) : bound;
    let after: string | null = null;
    let removed = 0;
    do {
      const step: { readonly removed: number; readonly after: string | null } = await this.#events.removeStep({
        before,
        after,
        limit: STEP_EVENTS,
      });
      removed += step.removed;
      after = step.after;
      if (after !== null) await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
    } while (after !== null && !this.#stopping);
    await this.#removeIdempotencyKeys();
    return removed;
  }

  async #removeIdempotencyKeys(): Promise<void> {
    const before = addMs(this.#context.clock.now(), -this.#dedupWindowMs);
    while (!this.#stopping && (await this.#idempotency.removeBefore(before, STEP_EVENTS)) === STEP_EVENTS) {
      await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
    }
  }

  #schedule(pauseMs: Milliseconds): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#runLogged();
    }, pauseMs).unref();
  }

  async #runLogged(): Promise<void> {
    try {
      const leads = this.#leadership === null || (await this.#leadership.lead());
      const removed = leads ? await this.runRound() : 0;
      if (removed > 0) this.#context.log.info(`Retention removed ${removed} events`);
    } catch (error) {
      if (isItemError(error)) this.#context.metrics.fault('retention');
      this.#context.log.warn('Retention could not finish its round, retrying in a minute', {}, error);
    }
    this.#schedule(ROUND_PAUSE_MS);
  }
}
