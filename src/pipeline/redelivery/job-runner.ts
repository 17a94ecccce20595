import type { Job } from '../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Leadership } from '../../ports/coordination/leadership.ts';
import type { Engine, Store } from '../../ports/engine.ts';
import type { Redelivery } from '../../ports/record/redelivery.ts';
import { isItemError } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';
import type { JobAllowance } from './job-allowance.ts';
import { isWaiting, jobStep } from './job-steps.ts';
import { Search } from './search.ts';

/** Pause between polls, which find jobs of lost messages and of processes that died. */
const POLL_PAUSE_MS: Milliseconds = 5_000;
/** Pause between steps, so that accepting and delivering go first. */
const STEP_PAUSE_MS: Milliseconds = 5;
/** Unexpected errors in a row after which a job fails; the pause between them grows from one second to a minute. */
const MAX_FAULTS = 8;
const FIRST_FAULT_PAUSE_MS: Milliseconds = 1_000;
const LONGEST_FAULT_PAUSE_MS: Milliseconds = 60_000;
/** Pause while every job waits for tokens of its organization. */
const TOKEN_PAUSE_MS: Milliseconds = 500;
/** Organizations whose next job is read at once. */
const PAGE = 100;

/** What a round over all organizations found: `waited` where every job waits for tokens of its organization. */
type Round = 'worked' | 'waited' | 'nothing';

/** Runs background jobs: one process at a time, one step of each job in turn. */
export class JobRunner {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'bus'>;
  readonly #store: Store;
  readonly #steps: { readonly search: Search; readonly redelivery: Redelivery };
  readonly #allowance: JobAllowance;
  readonly #leadership: Leadership | null;
  /** Jobs whose last step failed unexpectedly. */
  readonly #faulty = new Map<JobId, { readonly faults: number; readonly retryAtMs: Milliseconds }>();
  readonly #unsubscribe: () => void;
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #stopping = false;

  /** @param leadership null for a single process */
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
      if (message.kind === 'job_added') this.#schedule(0);
    });
  }

  start(): void {
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(pauseMs: Milliseconds): void {
    if (this.#stopping || this.#isRunning) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isRunning = true;
      this.#round = this.#runSteps()
        .catch((error: unknown) => this.#context.log.warn('Background jobs could not continue, retrying', {}, error))
        .finally(() => {
          this.#isRunning = false;
          this.#schedule(POLL_PAUSE_MS);
        });
    }, pauseMs).unref();
  }

  /** Runs rounds until no job can go on: in each, one step of the oldest job of each organization. */
  async #runSteps(): Promise<void> {
    for (let round: Round = 'worked'; round !== 'nothing'; ) {
      round = await this.#runRound();
      if (round === 'waited') await new Promise((resolve) => setTimeout(resolve, TOKEN_PAUSE_MS));
    }
  }

  async #runRound(): Promise<Round> {
    let round: Round = 'nothing';
    let after: OrganizationId | null = null;
    for (;;) {
      if (this.#stopping || !(this.#leadership === null || (await this.#leadership.lead()))) return 'nothing';
      const jobs: Job[] = await this.#store.jobs.running(after, PAGE, this.#backedOff());
      for (const job of jobs) {
        if (this.#stopping) return 'nothing';
        if (round === 'nothing') round = 'waited';
        if (!(await this.#stepSafely(job))) continue;
        round = 'worked';
        await new Promise((resolve) => setTimeout(resolve, STEP_PAUSE_MS));
      }
      if (jobs.length < PAGE) return round;
      after = jobs.at(-1)?.organizationId ?? null;
    }
  }

  /** Jobs that back off after an unexpected error; other jobs of their organizations go on. */
  #backedOff(): JobId[] {
    const now = this.#context.clock.monotonicMs();
    return [...this.#faulty].filter(([, { retryAtMs }]) => retryAtMs > now).map(([id]) => id);
  }

  /**
   * Makes one step of a job. An unexpected error delays only that job; after `MAX_FAULTS` in a row the job fails, which
   * its owner sees.
   * @returns false when the job waits for tokens of its organization
   */
  async #stepSafely(job: Job): Promise<boolean> {
    try {
      if (!(await this.#allowance.settleDebt(job))) return false;
      if (job.error === null) await this.#step(job);
      else await this.#fail(job, job.error);
      this.#faulty.delete(job.id);
    } catch (error) {
      if (!isItemError(error)) throw error;
      const faults = (this.#faulty.get(job.id)?.faults ?? 0) + 1;
      const pauseMs = Math.min(FIRST_FAULT_PAUSE_MS * 2 ** faults, LONGEST_FAULT_PAUSE_MS);
      this.#context.metrics.fault('job');
      this.#context.log.error('Unexpected error in a job, retrying it later', { job_id: job.id, faults }, error);
      this.#faulty.set(job.id, { faults, retryAtMs: this.#context.clock.monotonicMs() + pauseMs });
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
    // Deliveries that are only sent sooner were paid for when their events were accepted.
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
