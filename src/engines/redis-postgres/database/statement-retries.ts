import type { Milliseconds } from '../../../core/time.ts';
import { EngineUnavailable } from '../../../ports/unavailable.ts';
import { DatabaseFailure } from './errors.ts';

/** Two that are in each other's way five times in a row are not there by chance. */
const MAX_CONFLICTS = 5;
const CONFLICT_PAUSE_MS: Milliseconds = 20;
/** A server that is restarted in order, and its cut connections, cost no error when it is back within this time. */
const CUT_RETRY_MS: Milliseconds = 1_000;
const CUT_PAUSE_MS: Milliseconds = 100;

/** Makes again what can be made again, and tells the caller in the words of the ports what can't. */
export class StatementRetries {
  #ending = false;
  #lastFailure: string | null = null;

  /** Why the last call found the server away; null when it did not. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** Nothing is made again from here on. */
  end(): void {
    this.#ending = true;
  }

  /** @param idempotent may be made again although it is not known whether it was made */
  async run<Result>(idempotent: boolean, act: () => Promise<Result>): Promise<Result> {
    const until = performance.now() + CUT_RETRY_MS;
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

  #portErrorOf(trouble: DatabaseFailure): Error {
    if (trouble.portError instanceof EngineUnavailable) {
      if (this.#ending) return new EngineUnavailable('closing', 'The engine is closing');
      this.#lastFailure = trouble.message;
    }
    return trouble.portError;
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
  // The next connection may be outdated as well; each that is goes.
  if (kind === 'outdated') return;
  const ms = kind === 'conflict' ? Math.random() * CONFLICT_PAUSE_MS * conflicts : CUT_PAUSE_MS;
  await new Promise((resolve) => setTimeout(resolve, ms));
}
