import type { Job } from '../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Engine, Store } from '../../ports/engine.ts';
import type { Redelivery } from '../../ports/record/redelivery.ts';
import type { Leadership } from '../../ports/record/repair.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';
import type { JobAllowance } from './job-allowance.ts';
import { isWaiting, jobStep } from './job-steps.ts';
import { Search } from './search.ts';

/** For jobs of which nobody told us, and those of a runner that died. */
const LOOK_PAUSE_MS: Milliseconds = 5_000;
/** Between steps: everything else goes first. */
const STEP_PAUSE_MS: Milliseconds = 5;
/** Unexpected errors in a row after which a job has failed, with a pause between them that grows from one second to a minute. */
const MAX_FAULTS = 8;
const FIRST_FAULT_PAUSE_MS: Milliseconds = 1_000;
const LONGEST_FAULT_PAUSE_MS: Milliseconds = 60_000;
/** When every job waits for tokens of its organization. */
const TOKEN_PAUSE_MS: Milliseconds = 500;
/** Organizations whose next job is looked up at once. */
const PAGE = 100;

/** The station that does bulk work in the background: one process of all, a step of each job in turn. */
export class JobRunner {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>;
  readonly #store: Store;
  readonly #steps: { readonly search: Search; readonly redelivery: Redelivery };
  readonly #allowance: JobAllowance;
  readonly #leadership: Leadership | null;
  /** Jobs that met an unexpected error in their last step. */
  readonly #faulty = new Map<JobId, { readonly faults: number; readonly againAtMs: Milliseconds }>();
  readonly #unsubscribe: () => void;
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #stopping = false;

  /** @param leadership null where there is one process alone */
  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>,
    engine: Pick<Engine, 'store' | 'redelivery'>,
    allowance: JobAllowance,
    leadership: Leadership | null,
  ) {
    this.#context = context;
    this.#store = engine.store;
    this.#steps = { search: new Search(engine), redelivery: engine.redelivery };
    this.#allowance = allowance;
    this.#leadership = leadership;
    this.#unsubscribe = context.bus.subscribe((message) => {
      if (message.kind === 'job_added') this.#plan(0);
    });
  }

  start(): void {
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    await this.#round;
  }

  #plan(pauseMs: Milliseconds): void {
    if (this.#stopping || this.#isLooking) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isLooking = true;
      this.#round = this.#look()
        .catch((error: unknown) => this.#context.log.warn('Background work could not go on, trying again', {}, error))
        .finally(() => {
          this.#isLooking = false;
          this.#plan(LOOK_PAUSE_MS);
        });
    }, pauseMs).unref();
  }

  /** Rounds over all organizations with a running job: in each, one step of the oldest job of each organization. */
  async #look(): Promise<void> {
    for (let round: 'worked' | 'waited' | 'nothing' = 'worked'; round !== 'nothing'; ) {
      round = await this.#stepOfEach();
      if (round === 'waited') await new Promise((resolve) => setTimeout(resolve, TOKEN_PAUSE_MS));
    }
  }

  /** @returns `waited` where all jobs wait for tokens of their organizations */
  async #stepOfEach(): Promise<'worked' | 'waited' | 'nothing'> {
    let round: 'worked' | 'waited' | 'nothing' = 'nothing';
    let after: OrganizationId | null = null;
    for (;;) {
      if (this.#stopping || !(this.#leadership === null || (await this.#leadership.lead()))) return 'nothing';
      const jobs: Job[] = await this.#store.jobs.running(after, PAGE, this.#putAside());
      for (const job of jobs) {
        if (this.#stopping) return 'nothing';
        if (round === 'nothing') round = 'waited';
        if (!(await this.#stepApart(job))) continue;
        round = 'worked';
        await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
      }
      if (jobs.length < PAGE) return round;
      after = jobs.at(-1)?.organizationId ?? null;
    }
  }

  /** Jobs that met an unexpected error and wait: others of their organizations go on. */
  #putAside(): JobId[] {
    const now = this.#context.clock.monotonicMs();
    return [...this.#faulty].filter(([, { againAtMs }]) => againAtMs > now).map(([id]) => id);
  }

  /**
   * An unexpected error in one job puts that job aside; after several it has failed, and its owner sees that.
   * @returns false where the job waits for tokens of its organization
   */
  async #stepApart(job: Job): Promise<boolean> {
    try {
      if (!(await this.#allowance.mayGoOn(job))) return false;
      if (job.error === null) await this.#step(job);
      else await this.#fail(job, job.error);
      this.#faulty.delete(job.id);
    } catch (error) {
      if (!isItemError(error)) throw error;
      const faults = (this.#faulty.get(job.id)?.faults ?? 0) + 1;
      const pauseMs = Math.min(FIRST_FAULT_PAUSE_MS * 2 ** faults, LONGEST_FAULT_PAUSE_MS);
      this.#context.metrics.fault('job');
      this.#context.log.error(
        'Unexpected error in a job: it is put aside, all others go on',
        { job_id: job.id, faults },
        error,
      );
      this.#faulty.set(job.id, { faults, againAtMs: this.#context.clock.monotonicMs() + pauseMs });
      if (faults >= MAX_FAULTS) await this.#fail(job, 'An unexpected error ended this job.').catch(() => {});
    }
    return true;
  }

  async #fail(job: Job, error: string): Promise<void> {
    await this.#store.jobs.save({ ...job, status: 'failed', error, updatedAt: this.#context.clock.now() });
    this.#faulty.delete(job.id);
  }

  async #step(job: Job): Promise<void> {
    const { place, lookedAt, made } = await jobStep(job, this.#steps);
    // What is only sent sooner was paid for as an event.
    const isPaid = job.kind === 'retry' && job.parameters.statuses.every(isWaiting);
    this.#allowance.spent(job, isPaid ? 0 : made, place === null);
    await this.#store.jobs.save({
      ...job,
      status: place === null ? 'done' : 'running',
      place,
      lookedAt: job.lookedAt + lookedAt,
      made: job.made + made,
      updatedAt: this.#context.clock.now(),
    });
    if (place === null) this.#context.log.info(`Job ${job.id} is done: ${job.made + made} deliveries`);
  }
}
