import { type EventId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { number, text } from '../../rows/row.ts';
import type { Eraser } from '../../stores/erasure/index.ts';
import { type Database, ErasedRows } from '../database/index.ts';

/** Removes what is erased, and has its days vacuumed. */
export class PostgresEraser implements Eraser {
  readonly #database: Database;
  readonly #erasedRows: ErasedRows;

  constructor(database: Database, erasedRows = new ErasedRows(database)) {
    this.#database = database;
    this.#erasedRows = erasedRows;
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
}
