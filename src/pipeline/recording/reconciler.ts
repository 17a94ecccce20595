import type { Milliseconds } from '../../core/time.ts';
import type { WorkerPorts } from '../../ports/engine.ts';
import type { Leadership, Repair } from '../../ports/record/repair.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** How often to look; a step of the continuous round each time. */
const LOOK_PAUSE_MS: Milliseconds = 5_000;
/** Between the steps of a round that is needed: everything else goes first. */
const STEP_PAUSE_MS: Milliseconds = 5;

/**
 * The station that mends the queue from the record. The queue only hints at what the record knows; a server that lost
 * its memory, or a process that died between the two, leaves deliveries that wait in the record and are queued nowhere.
 */
export class Reconciler {
  readonly #context: Pick<Context, 'log' | 'metrics'>;
  readonly #repairs: readonly Repair[];
  readonly #leadership: Leadership;
  readonly #places = new Map<Repair, string | null>();
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: Pick<Context, 'log' | 'metrics'>, worker: Pick<WorkerPorts, 'repairs' | 'leadership'>) {
    this.#context = context;
    this.#repairs = worker.repairs;
    this.#leadership = worker.leadership;
  }

  start(): void {
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#round;
    await this.#leadership.resign().catch(() => {});
  }

  /** One look: whole rounds where something was lost, one step elsewhere. */
  async look(): Promise<void> {
    if (!(await this.#leadership.lead())) return;
    for (const repair of this.#repairs) {
      if (this.#stopping) return;
      await this.#lookApart(repair);
    }
  }

  /** An unexpected error in one repair leaves the others their turn; it is tried again at the next look. */
  async #lookApart(repair: Repair): Promise<void> {
    try {
      if (await repair.isNeeded()) await this.#wholeRound(repair);
      else if (repair.continuous) await this.#oneStep(repair);
    } catch (error) {
      if (!isItemError(error)) throw error;
      this.#context.metrics.fault('repair');
      this.#context.log.error(`Unexpected error while repairing ${repair.name}, all else goes on`, {}, error);
    }
  }

  async #wholeRound(repair: Repair): Promise<void> {
    let after: string | null = null;
    let repaired = 0;
    do {
      const step: Awaited<ReturnType<Repair['step']>> = await repair.step(after);
      // At the very first start there is nothing to bring back, and nothing to say.
      if (repaired === 0 && step.repaired > 0) {
        this.#context.log.warn(`The queue has lost its ${repair.name}: bringing them back from the record`);
      }
      repaired += step.repaired;
      after = step.after;
      if (after !== null) await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
      if (this.#stopping || !(await this.#leadership.lead())) return;
    } while (after !== null);
    await repair.complete();
    if (repaired > 0) this.#context.log.info(`${repaired} ${repair.name} were brought back from the record`);
  }

  async #oneStep(repair: Repair): Promise<void> {
    const { after, repaired } = await repair.step(this.#places.get(repair) ?? null);
    this.#places.set(repair, after);
    if (repaired > 0) this.#context.log.info(`${repaired} ${repair.name} were in no queue and are again`);
  }

  #plan(pauseMs: Milliseconds): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#lookLogged();
    }, pauseMs).unref();
  }

  async #lookLogged(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.#context.log.warn('The queue could not be compared with the record, trying again', {}, error);
    }
    this.#plan(LOOK_PAUSE_MS);
  }
}
