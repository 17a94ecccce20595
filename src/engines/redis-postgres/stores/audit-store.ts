import type { AuditEntry } from '../../../core/administration/audit.ts';
import type { KeyId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { AuditStore } from '../../../ports/store/audit-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { number, type Row, text, textOrNull, textsOrNull, UNREADABLE_FIELDS } from '../../rows/row.ts';
import { type Database, idRange, lowestIdAt } from '../database/index.ts';

export class PostgresAuditStore implements AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(entry: AuditEntry): Promise<void> {
    const { id, organizationId, action, target, key, fields, requestId, address, createdAt } = entry;
    const who = [key?.id ?? null, key?.name ?? null];
    const what = [id, organizationId, action, target, ...who, JSON.stringify(fields)];
    await this.#database.query('add-audit-entry', [...what, requestId, address, createdAt], { idempotent: true });
  }

  async list(organizationId: OrganizationId, page: PageRequest): Promise<AuditEntry[]> {
    const { from, before } = idRange(page);
    const parameters = [organizationId, from, before, page.limit];
    const rows = await this.#database.query('list-audit-entries', parameters, { idempotent: true });
    return rows.map(auditEntryFromRow);
  }

  async removeBefore(before: Timestamp, limit: number): Promise<number> {
    const [row] = await this.#database.query('remove-audit-entries', [lowestIdAt(before), limit]);
    return row === undefined ? 0 : number(row, 'removed');
  }
}

function auditEntryFromRow(row: Row): AuditEntry {
  const keyId = textOrNull<KeyId>(row, 'key_id');
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    action: text<string>(row, 'action'),
    target: textOrNull<string>(row, 'target'),
    key: keyId === null ? null : { id: keyId, name: text<string>(row, 'key_name') },
    fields: textsOrNull(row, 'fields') ?? UNREADABLE_FIELDS,
    requestId: text<string>(row, 'request_id'),
    address: textOrNull<string>(row, 'address'),
    createdAt: number(row, 'created_at'),
  };
}
