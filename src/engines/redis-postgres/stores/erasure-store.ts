import type { ErasureRule } from '../../../core/administration/erasure.ts';
import { type EventId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { ErasureStore } from '../../../ports/store/erasure-store.ts';
import { number, numberOrNull, type Row, text } from '../../rows/row.ts';
import { type Database, ErasedRows, LOWEST_ID, lowestIdAt } from '../database/index.ts';

export class PostgresErasureStore implements ErasureStore {
  readonly #database: Database;
  readonly #erasedRows: ErasedRows;

  constructor(database: Database, erasedRows = new ErasedRows(database)) {
    this.#database = database;
    this.#erasedRows = erasedRows;
  }

  async get(organizationId: OrganizationId): Promise<ErasureRule | undefined> {
    if (!isUuid(organizationId)) return undefined;
    const [row] = await this.#read('get-erasure-rule', [organizationId]);
    return row === undefined ? undefined : ruleFromRow(row);
  }

  async put(organizationId: OrganizationId, change: Partial<Omit<ErasureRule, 'organizationId'>>): Promise<boolean> {
    if (!isUuid(organizationId)) return false;
    const columns = [change.retentionMs, change.erasedBefore, change.deletedAt];
    const parameters = columns.flatMap((value) => [value !== undefined, value ?? null]);
    return (await this.#database.query('put-erasure-rule', [organizationId, ...parameters])).length === 1;
  }

  async finish(organizationId: OrganizationId, erasedBefore: Timestamp): Promise<void> {
    await this.#database.query('finish-erasure', [organizationId, erasedBefore]);
  }

  async list(after: OrganizationId | null, limit: number): Promise<ErasureRule[]> {
    return (await this.#read('erasure-rules', [after ?? LOWEST_ID, limit])).map(ruleFromRow);
  }

  async events(
    organizationId: OrganizationId,
    range: { readonly before: Timestamp; readonly after: EventId | null; readonly limit: number },
  ): Promise<EventId[]> {
    const { before, after, limit } = range;
    const rows = await this.#read('event-ids', [organizationId, after ?? LOWEST_ID, lowestIdAt(before), limit]);
    return rows.map((row) => text<EventId>(row, 'id'));
  }

  async removeEvents(organizationId: OrganizationId, ids: readonly EventId[]): Promise<number> {
    const options = { idempotent: true, plannedEachTime: true };
    const rows = await this.#database.query('events-to-remove', [organizationId, ids.filter(isUuid)], options);
    const done = rows.filter((row) => row['waits'] === false);
    if (done.length === 0) return 0;
    const doneIds = done.map((row) => text<EventId>(row, 'id'));
    const parameters = [doneIds, done.flatMap((row) => row['delivery_ids'])];
    const [removal] = await this.#database.query('remove-events', parameters, { plannedEachTime: true });
    this.#erasedRows.freeSoon(doneIds);
    return removal === undefined ? 0 : number(removal, 'removed');
  }

  async removeOrganization(organizationId: OrganizationId): Promise<void> {
    await this.#database.query('remove-organization', [organizationId]);
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
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
