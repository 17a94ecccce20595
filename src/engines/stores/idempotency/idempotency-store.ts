import { MAX_IDEMPOTENCY_KEYS } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  BeginOutcome,
  IdempotencyStore,
  KeptAnswer,
  KeyedRequest,
} from '../../../ports/store/idempotency-store.ts';
import type { StatementRunner } from '../statements/index.ts';
import { beginOutcome } from './idempotency-row.ts';

/** A key may be freed between the try to take it and the look at who has it. */
const MAX_TRIES = 3;

export class SqlIdempotencyStore implements IdempotencyStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner) {
    this.#statements = prepare(runner);
  }

  async begin(
    { organizationId, keySha256, fingerprint, holder }: KeyedRequest,
    now: { readonly at: Timestamp; readonly expired: Timestamp; readonly abandoned: Timestamp },
  ): Promise<BeginOutcome> {
    const what = [organizationId, keySha256, fingerprint, holder, now.at, now.expired, now.abandoned];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if ((await this.#statements.begin(...what)) === 1) return { kind: 'begun' };
      const kept = await this.#statements.get(organizationId, keySha256);
      if (kept !== undefined) return beginOutcome(kept, fingerprint);
    }
    return { kind: 'running' };
  }

  async finish({ organizationId, keySha256, holder }: KeyedRequest, { status, sealed }: KeptAnswer): Promise<void> {
    // Side by side: one commit on SQLite, one round trip on PostgreSQL. Trimming does not depend on the answer.
    await Promise.all([
      this.#statements.finish(organizationId, keySha256, holder, status, sealed),
      this.#statements.trim(organizationId, MAX_IDEMPOTENCY_KEYS),
    ]);
  }

  async forget({ organizationId, keySha256, holder }: KeyedRequest): Promise<void> {
    await this.#statements.forget(organizationId, keySha256, holder);
  }

  removeBefore(before: Timestamp, limit: number): Promise<number> {
    return this.#statements.remove(before, limit);
  }
}

function prepare(runner: StatementRunner) {
  const idempotent = { idempotent: true };
  return {
    begin: runner.change('begin-idempotent', idempotent),
    get: runner.one('get-idempotent', (row) => row),
    finish: runner.change('finish-idempotent', idempotent),
    trim: runner.change('trim-idempotent', idempotent),
    forget: runner.change('forget-idempotent', idempotent),
    remove: runner.change('remove-idempotent'),
  };
}
