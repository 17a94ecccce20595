import { MAX_IDEMPOTENCY_KEYS } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type {
  BeginOutcome,
  IdempotencyStore,
  KeptAnswer,
  KeyedRequest,
} from '../../../ports/store/idempotency-store.ts';
import { beginOutcome } from '../../rows/idempotency-row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

export class SqliteIdempotencyStore implements IdempotencyStore {
  readonly #queue: WriteQueue;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; queue: WriteQueue }) {
    this.#queue = args.queue;
    this.#statements = prepare(args.writer);
  }

  begin(
    { organizationId, keySha256, fingerprint, holder }: KeyedRequest,
    now: { readonly at: Timestamp; readonly expired: Timestamp; readonly abandoned: Timestamp },
  ): Promise<BeginOutcome> {
    return this.#queue.submit(() => {
      const what = [organizationId, keySha256, fingerprint, holder] as const;
      const begun = this.#statements.begin.run(...what, now.at, now.expired, now.abandoned);
      if (Number(begun.changes) === 1) return { kind: 'begun' };
      return beginOutcome(this.#statements.get.get(organizationId, keySha256) ?? {}, fingerprint);
    });
  }

  finish({ organizationId, keySha256, holder }: KeyedRequest, { status, sealed }: KeptAnswer): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.finish.run(organizationId, keySha256, holder, status, sealed);
      this.#statements.trim.run(organizationId, MAX_IDEMPOTENCY_KEYS);
    });
  }

  forget({ organizationId, keySha256, holder }: KeyedRequest): Promise<void> {
    return this.#queue.submit(() => {
      this.#statements.forget.run(organizationId, keySha256, holder);
    });
  }

  removeBefore(before: Timestamp, limit: number): Promise<number> {
    return this.#queue.submit(() => Number(this.#statements.remove.run(before, limit).changes));
  }
}

function prepare(writer: Connection) {
  return {
    begin: writer.prepare('begin-idempotent'),
    get: writer.prepare('get-idempotent'),
    finish: writer.prepare('finish-idempotent'),
    forget: writer.prepare('forget-idempotent'),
    trim: writer.prepare('trim-idempotent'),
    remove: writer.prepare('remove-idempotent'),
  };
}
