import { MAX_IDEMPOTENCY_KEYS } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  BeginOutcome,
  IdempotencyStore,
  KeptAnswer,
  KeyedRequest,
} from '../../../ports/store/idempotency-store.ts';
import { beginOutcome } from '../../rows/idempotency-row.ts';
import { number } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** A key may be freed between the try to take it and the look at who has it. */
const MAX_TRIES = 3;

export class PostgresIdempotencyStore implements IdempotencyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(
    { organizationId, keySha256, fingerprint, holder }: KeyedRequest,
    now: { readonly at: Timestamp; readonly expired: Timestamp; readonly abandoned: Timestamp },
  ): Promise<BeginOutcome> {
    const what = [organizationId, keySha256, fingerprint, holder, now.at, now.expired, now.abandoned];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const begun = await this.#database.query('begin-idempotent', what, { idempotent: true });
      if (begun.length > 0) return { kind: 'begun' };
      const [row] = await this.#database.query('get-idempotent', [organizationId, keySha256], { idempotent: true });
      if (row !== undefined) return beginOutcome(row, fingerprint);
    }
    return { kind: 'running' };
  }

  async finish({ organizationId, keySha256, holder }: KeyedRequest, { status, sealed }: KeptAnswer): Promise<void> {
    const what = [organizationId, keySha256, holder, status, sealed];
    await this.#database.query('finish-idempotent', what, { idempotent: true });
    await this.#database.query('trim-idempotent', [organizationId, MAX_IDEMPOTENCY_KEYS], { idempotent: true });
  }

  async forget({ organizationId, keySha256, holder }: KeyedRequest): Promise<void> {
    await this.#database.query('forget-idempotent', [organizationId, keySha256, holder], { idempotent: true });
  }

  async removeBefore(before: Timestamp, limit: number): Promise<number> {
    const [row] = await this.#database.query('remove-idempotent', [before, limit]);
    return row === undefined ? 0 : number(row, 'removed');
  }
}
