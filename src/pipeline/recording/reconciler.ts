import type { Milliseconds } from '../../core/time.ts';
import type { Leadership } from '../../ports/coordination/leadership.ts';
import type { WorkerPorts } from '../../ports/engine.ts';
import type { Repair } from '../../ports/record/repair.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** Pause between scans; a continuous repair makes one step per scan. */
const SCAN_PAUSE_MS: Milliseconds = 5_000;
/** Pause between the steps of a full round, so that accepting and delivering go first. */
const STEP_PAUSE_MS: Milliseconds = 5;

/**
 * Repairs the queue from the record. The queue holds hints only; a server that lost its memory, or a process that died
 * between two writes, leaves deliveries that are pending in the record and queued nowhere. One process at a time
 * repairs (`Leadership`).
 */
export class Reconciler {
  readonly #context: Pick<Context, 'log' | 'metrics'>;
  readonly #repairs: readonly Repair[];
  readonly #leadership: Leadership;
  readonly #cursors = new Map<Repair, string | null>();
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: Pick<Context, 'log' | 'metrics'>, worker: Pick<WorkerPorts, 'repairs' | 'leadership'>) {
    this.#context = context;
    this.#repairs = worker.repairs;
    this.#leadership = worker.leadership;
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#round;
    await this.#leadership.resign().catch(() => {});
  }

  /** One scan: a full round for a repair that is needed, one step for a continuous one. */
  async scan(): Promise<void> {
    if (!(await this.#leadership.lead())) return;
    for (const repair of this.#repairs) {
      if (this.#stopping) return;
      await this.#scanSafely(repair);
    }
  }

  /** Contains an unexpected error in one repair; the repair is retried at the next scan. */
  async #scanSafely(repair: Repair): Promise<void> {
    try {
      if (await repair.isNeeded()) await this.#fullRound(repair);
      else if (repair.continuous) await this.#oneStep(repair);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#context.metrics.fault('repair');
      this.#context.log.error(`Unexpected error while repairing ${repair.name}, retrying at the next scan`, {}, error);
    }
  }

  async #fullRound(repair: Repair): Promise<void> {
    let after: string | null = null;
    let repaired = 0;
    do {
      const step: Awaited<ReturnType<Repair['step']>> = await repair.step(after);
      // A first start repairs nothing and logs nothing.
      if (repaired === 0 && step.repaired > 0) {
        this.#context.log.warn(`The queue has lost its ${repair.name}: restoring them from the record`);
      }
      repaired += step.repaired;
      after = step.after;
      if (after !== null) await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
      if (this.#stopping || !(await this.#leadership.lead())) return;
    } while (after !== null);
    await repair.complete();
    if (repaired > 0) this.#context.log.info(`${repaired} ${repair.name} were restored from the record`);
  }

  async #oneStep(repair: Repair): Promise<void> {
    const { after, repaired } = await repair.step(this.#cursors.get(repair) ?? null);
    this.#cursors.set(repair, after);
    if (repaired > 0)
      this.#context.log.info(`${repaired} ${repair.name} were missing from the queue and are queued again`);
  }

  #schedule(pauseMs: Milliseconds): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#scanLogged();
    }, pauseMs).unref();
  }

  async #scanLogged(): Promise<void> {
    try {
      await this.scan();
    } catch (error) {
      this.#context.log.warn('The queue could not be compared with the record, retrying', {}, error);
    }
    this.#schedule(SCAN_PAUSE_MS);
  }
}
