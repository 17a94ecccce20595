import type { ErasureRule } from '../../../core/administration/erasure.ts';
import type { EventId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { ErasureStore } from '../../../ports/store/erasure-store.ts';
import { LOWEST_ID, lowestIdAt } from '../../rows/id-range.ts';
import { numberOrNull, type Row, text } from '../../rows/row.ts';
import type { StatementRunner, TransactionScript } from '../statements/index.ts';

type RuleChange = Partial<Omit<ErasureRule, 'organizationId'>>;

/** Removing is an engine's own: rows of hot tables, one by one or by sets, and what frees their pages. */
export type Eraser = Pick<ErasureStore, 'removeEvents' | 'removeOrganization'>;

export class SqlErasureStore implements ErasureStore {
  readonly #runner: StatementRunner;
  readonly #eraser: Eraser;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner, eraser: Eraser) {
    this.#runner = runner;
    this.#eraser = eraser;
    this.#statements = prepare(runner);
  }

  get(organizationId: OrganizationId): Promise<ErasureRule | undefined> {
    return this.#statements.get(organizationId);
  }

  put(organizationId: OrganizationId, change: RuleChange): Promise<boolean> {
    return this.#runner.transaction(() => this.#put(organizationId, change));
  }

  *#put(organizationId: OrganizationId, change: RuleChange): TransactionScript<boolean> {
    const [row] = yield this.#statements.getToWrite(organizationId);
    if (row === undefined) return false;
    const { retentionMs, erasedBefore, deletedAt } = { ...ruleFromRow(row), ...change };
    yield this.#statements.put(organizationId, retentionMs, erasedBefore, deletedAt);
    return true;
  }

  async finish(organizationId: OrganizationId, erasedBefore: Timestamp): Promise<void> {
    await this.#statements.finish(organizationId, erasedBefore);
  }

  list(after: OrganizationId | null, limit: number): Promise<ErasureRule[]> {
    return this.#statements.list(after ?? LOWEST_ID, limit);
  }

  events(
    organizationId: OrganizationId,
    { before, after, limit }: { readonly before: Timestamp; readonly after: EventId | null; readonly limit: number },
  ): Promise<EventId[]> {
    return this.#statements.events(organizationId, after ?? LOWEST_ID, lowestIdAt(before), limit);
  }

  removeEvents(organizationId: OrganizationId, ids: readonly EventId[]): Promise<number> {
    return this.#eraser.removeEvents(organizationId, ids);
  }

  removeOrganization(organizationId: OrganizationId): Promise<void> {
    return this.#eraser.removeOrganization(organizationId);
  }
}

function ruleFromRow(row: Row): ErasureRule {
  return {
    organizationId: text(row, 'id'),
    retentionMs: numberOrNull(row, 'retention_ms'),
    erasedBefore: numberOrNull(row, 'erased_before'),
    deletedAt: numberOrNull(row, 'deleted_at'),
  };
}

function prepare(runner: StatementRunner) {
  return {
    get: runner.one('get-erasure-rule', ruleFromRow, { givenId: 1 }),
    getToWrite: runner.statement('get-erasure-rule-to-write', { givenId: 1 }),
    put: runner.statement('put-erasure-rule'),
    finish: runner.change('finish-erasure'),
    list: runner.all('erasure-rules', ruleFromRow),
    events: runner.all('event-ids', (row) => text<EventId>(row, 'id')),
  };
}
