import { type ErasureRule, erasureBound } from '../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../core/time.ts';
import type { Store, WorkerPorts } from '../../ports/engine.ts';
import type { DeadLetters } from '../../ports/record/dead-letters.ts';
import type { Leadership } from '../../ports/record/repair.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';
import { eraseDeadLetters } from './erase-dead-letters.ts';
import { type ErasureParts, eraseEvents } from './erase-events.ts';

const STEP_EVENTS = 100;
/** Between two steps, so that accepting and delivering go first. */
const STEP_PAUSE_MS: Milliseconds = 5;
const ROUND_PAUSE_MS: Milliseconds = 60_000;
/** After a round in which something failed. */
const FAILED_PAUSE_MS: Milliseconds = 5_000;
const RULES_AT_ONCE = 500;
/** For so long we look again: an event may wait in Redis, or in a request, that was accepted before we were asked. */
const LATE_EVENTS_MS: Milliseconds = 10 * 60_000;
const AUDIT_KEPT_MS: Milliseconds = 400 * 86_400_000;
const AUDIT_STEP = 1_000;

type EraserPorts = ErasureParts & {
  readonly store: Pick<Store, 'audit'>;
  readonly worker: Pick<WorkerPorts, 'leadership' | 'deadLetters'> | null;
};

/** The station where data leaves because somebody asked, or because an organization keeps it for less long than others. */
export class Eraser {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>;
  readonly #engine: EraserPorts;
  /** Null where accepting is recording. */
  readonly #dead: DeadLetters | null;
  /** Where many processes share the store, only the one that leads erases; null = alone. */
  readonly #leadership: Pick<Leadership, 'lead'> | null;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe = () => {};
  #stopping = false;
  #isRunning = false;
  #requestedAgain = false;
  #failed = false;
  #round: Promise<unknown> = Promise.resolve();

  constructor(context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>, engine: EraserPorts) {
    this.#context = context;
    this.#engine = engine;
    this.#dead = engine.worker?.deadLetters ?? null;
    this.#leadership = engine.worker?.leadership ?? null;
  }

  start(): void {
    this.#unsubscribe = this.#context.bus.subscribe((message) => {
      if (message.kind !== 'erasure_asked') return;
      this.#requestedAgain = true;
      this.#plan(0);
    });
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Everything that is to go now. @returns how many events left */
  async runRound(): Promise<number> {
    let erased = 0;
    let after: OrganizationId | null = null;
    while (!this.#stopping) {
      const rules: readonly ErasureRule[] = await this.#engine.store.erasure.list(after, RULES_AT_ONCE);
      for (const rule of rules) erased += await this.#applySafely(rule);
      const last: ErasureRule | undefined = rules.at(-1);
      if (last === undefined || rules.length < RULES_AT_ONCE) break;
      after = last.organizationId;
    }
    const oldest = addMs(this.#context.clock.now(), -AUDIT_KEPT_MS);
    while (!this.#stopping && (await this.#engine.store.audit.removeBefore(oldest, AUDIT_STEP)) === AUDIT_STEP);
    return erased;
  }

  /** An unexpected error with one organization's rule waits for the next round; those of others are applied. */
  async #applySafely(rule: ErasureRule): Promise<number> {
    try {
      return await this.#apply(rule);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#failed = true;
      this.#context.metrics.fault('erasure');
      const fields = { organization_id: rule.organizationId };
      this.#context.log.error('Unexpected error while erasing for an organization, all others go on', fields, error);
      return 0;
    }
  }

  async #apply(rule: ErasureRule): Promise<number> {
    const { organizationId, deletedAt, erasedBefore } = rule;
    const now = this.#context.clock.now();
    if (deletedAt !== null) await this.#endEndpoints(organizationId);
    const bound = erasureBound(rule, now);
    if (bound === null) return 0;
    if (bound.waitingToo && this.#dead !== null) await eraseDeadLetters(this.#dead, organizationId, bound.before);
    const { erased, all } = await this.#eraseEvents(organizationId, bound);
    if (!all) return erased;
    if (deletedAt !== null) {
      if (now > addMs(deletedAt, LATE_EVENTS_MS)) await this.#engine.store.erasure.removeOrganization(organizationId);
    } else if (erasedBefore !== null && now > addMs(erasedBefore, LATE_EVENTS_MS)) {
      await this.#engine.store.erasure.finish(organizationId, erasedBefore);
    }
    return erased;
  }

  /** `all`: none is left that was to go. */
  async #eraseEvents(
    organizationId: OrganizationId,
    { before, waitingToo }: { readonly before: Timestamp; readonly waitingToo: boolean },
  ): Promise<{ readonly erased: number; readonly all: boolean }> {
    let erased = 0;
    let all = true;
    let after: EventId | null = null;
    while (!this.#stopping) {
      const ids: EventId[] = await this.#engine.store.erasure.events(organizationId, {
        before,
        after,
        limit: STEP_EVENTS,
      });
      if (ids.length === 0) return { erased, all };
      const gone = waitingToo
        ? await eraseEvents(this.#engine, organizationId, ids)
        : await this.#engine.store.erasure.removeEvents(organizationId, ids);
      erased += gone;
      all &&= gone === ids.length;
      after = ids.at(-1) ?? null;
      await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
    }
    return { erased, all: false };
  }

  /** Nothing new is sent for an organization that is no more. */
  async #endEndpoints(organizationId: OrganizationId): Promise<void> {
    for (const { id } of await this.#engine.store.endpoints.all(organizationId)) {
      await this.#engine.store.endpoints.remove(organizationId, id);
      await this.#context.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
    }
  }

  #plan(pauseMs: Milliseconds): void {
    if (this.#stopping || this.#isRunning) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isRunning = true;
      this.#requestedAgain = false;
      this.#failed = false;
      this.#round = this.#runLogged().finally(() => {
        this.#isRunning = false;
        if (this.#requestedAgain) this.#plan(0);
        else this.#plan(this.#failed ? FAILED_PAUSE_MS : ROUND_PAUSE_MS);
      });
    }, pauseMs).unref();
  }

  async #runLogged(): Promise<void> {
    try {
      const leads = this.#leadership === null || (await this.#leadership.lead());
      const erased = leads ? await this.runRound() : 0;
      if (erased > 0) this.#context.log.info(`Erased ${erased} events`);
    } catch (error) {
      this.#failed = true;
      this.#context.log.warn('Erasing could not finish its round, trying again', {}, error);
    }
  }
}
