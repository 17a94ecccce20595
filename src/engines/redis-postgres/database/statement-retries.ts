import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { DatabaseFailure } from './errors.ts';

/** Retries after a conflict; five in a row are no coincidence. */
const MAX_CONFLICTS = 5;
const CONFLICT_PAUSE_MS: Milliseconds = 20;
/** Lost connections are retried for this long, so that an orderly restart of the server causes no errors. */
const CUT_RETRY_MS: Milliseconds = 1_000;
const CUT_PAUSE_MS: Milliseconds = 100;

/** Retries statements that may be repeated, and turns other failures into errors of the ports. */
export class StatementRetries {
  readonly #cutRetryMs: Milliseconds;
  #ending = false;
  #lastFailure: string | null = null;

  constructor(cutRetryMs: Milliseconds = CUT_RETRY_MS) {
    this.#cutRetryMs = cutRetryMs;
  }

  /** Why the last call found the server unavailable; null when it did not. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** Ends retries. */
  end(): void {
    this.#ending = true;
  }

  /** @param idempotent whether the call may be repeated although it may have run */
  async run<Result>(idempotent: boolean, act: () => Promise<Result>): Promise<Result> {
    const until = performance.now() + this.#cutRetryMs;
    for (let conflicts = 0; ; ) {
      try {
        const result = await act();
        this.#lastFailure = null;
        return result;
      } catch (error) {
        if (!(error instanceof DatabaseFailure)) throw error;
        if (error.kind === 'conflict') conflicts++;
        const inTime = !this.#ending && performance.now() < until;
        if (!canRetry(error, { conflicts, idempotent, inTime })) throw this.#portErrorOf(error);
        await pause(error, conflicts);
      }
    }
  }

  #portErrorOf(failure: DatabaseFailure): Error {
    if (failure.portError instanceof EngineUnavailable) {
      if (this.#ending) return new EngineUnavailable('closing', 'The engine is closing');
      this.#lastFailure = failure.message;
    }
    return failure.portError;
  }
}

function canRetry(
  { kind }: DatabaseFailure,
  { conflicts, idempotent, inTime }: { conflicts: number; idempotent: boolean; inTime: boolean },
): boolean {
  switch (kind) {
    case 'conflict':
      return conflicts < MAX_CONFLICTS;
    case 'unsent':
    case 'outdated':
      return inTime;
    case 'cut':
      return idempotent && inTime;
    case 'other':
      return false;
  }
}

async function pause({ kind }: DatabaseFailure, conflicts: number): Promise<void> {
  // No pause: the next connection may be outdated as well, and each outdated one is closed.
  if (kind === 'outdated') return;
  const ms = kind === 'conflict' ? Math.random() * CONFLICT_PAUSE_MS * conflicts : CUT_PAUSE_MS;
  await new Promise((resolve) => setTimeout(resolve, ms));
}
