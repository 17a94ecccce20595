import { type ErasureRule, erasureBound } from '../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import { addMs, type Milliseconds, type Timestamp } from '../../core/time.ts';
import type { Leadership } from '../../ports/coordination/leadership.ts';
import type { Store, WorkerPorts } from '../../ports/engine.ts';
import type { DeadLetters } from '../../ports/record/dead-letters.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';
import { eraseDeadLetters } from './erase-dead-letters.ts';
import { type ErasureParts, eraseEvents } from './erase-events.ts';

const STEP_EVENTS = 100;
/** Pause between steps, so that accepting and delivering go first. */
const STEP_PAUSE_MS: Milliseconds = 5;
const ROUND_PAUSE_MS: Milliseconds = 60_000;
/** Pause after a round with a failure. */
const FAILED_PAUSE_MS: Milliseconds = 5_000;
const RULES_AT_ONCE = 500;
/**
 * A rule is applied repeatedly for this long: an event accepted before the request may still be in Redis or in a
 * running request.
 */
const LATE_EVENTS_MS: Milliseconds = 10 * 60_000;
const AUDIT_KEPT_MS: Milliseconds = 400 * 86_400_000;
const AUDIT_STEP = 1_000;

type EraserPorts = ErasureParts & {
  readonly store: Pick<Store, 'audit'>;
  readonly worker: Pick<WorkerPorts, 'leadership' | 'deadLetters'> | null;
};

/** Erases data in the background: on request, and for organizations with a shorter retention. */
export class Eraser {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>;
  readonly #engine: EraserPorts;
  /** Null where accepting writes the record itself (embedded engine). */
  readonly #dead: DeadLetters | null;
  /** Set where several processes share the store: only the leader erases. Null for a single process. */
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
      this.#schedule(0);
    });
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Applies every rule once. @returns the number of events erased */
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

  /** Contains an unexpected error to one organization's rule, which is applied again in the next round. */
  async #applySafely(rule: ErasureRule): Promise<number> {
    try {
      return await this.#apply(rule);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#failed = true;
      this.#context.metrics.fault('erasure');
      const fields = { organization_id: rule.organizationId };
      this.#context.log.error(
        'Unexpected error while erasing for an organization, retrying in the next round',
        fields,
        error,
      );
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

  /** `all`: every event within the bound was erased. */
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
      const removed = waitingToo
        ? await eraseEvents(this.#engine, organizationId, ids)
        : await this.#engine.store.erasure.removeEvents(organizationId, ids);
      erased += removed;
      all &&= removed === ids.length;
      after = ids.at(-1) ?? null;
      await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
    }
    return { erased, all: false };
  }

  /** Removes the endpoints of a deleted organization, so that nothing more is sent. */
  async #endEndpoints(organizationId: OrganizationId): Promise<void> {
    for (const { id } of await this.#engine.store.endpoints.all(organizationId)) {
      await this.#engine.store.endpoints.remove(organizationId, id);
      await this.#context.bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: id });
    }
  }

  #schedule(pauseMs: Milliseconds): void {
    if (this.#stopping || this.#isRunning) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isRunning = true;
      this.#requestedAgain = false;
      this.#failed = false;
      this.#round = this.#runLogged().finally(() => {
        this.#isRunning = false;
        if (this.#requestedAgain) this.#schedule(0);
        else this.#schedule(this.#failed ? FAILED_PAUSE_MS : ROUND_PAUSE_MS);
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
      this.#context.log.warn('Erasing could not finish its round, retrying', {}, error);
    }
  }
}
