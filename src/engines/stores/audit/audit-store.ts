import type { AuditEntry } from '../../../core/administration/audit.ts';
import type { KeyId, OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { AuditStore } from '../../../ports/store/audit-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { idRange, lowestIdAt } from '../../rows/id-range.ts';
import { number, type Row, text, textOrNull, textsOrNull, UNREADABLE_FIELDS } from '../../rows/row.ts';
import type { StatementRunner } from '../statements/index.ts';

export class SqlAuditStore implements AuditStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner) {
    this.#statements = prepare(runner);
  }

  async add(entry: AuditEntry): Promise<void> {
    const { id, organizationId, action, target, key, fields, requestId, address, createdAt } = entry;
    const who = [key?.id ?? null, key?.name ?? null];
    const what = [id, organizationId, action, target, ...who, JSON.stringify(fields)];
    await this.#statements.add(...what, requestId, address, createdAt);
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<AuditEntry[]> {
    const { from, before } = idRange(page);
    return this.#statements.list(organizationId, from, before, page.limit);
  }

  removeBefore(before: Timestamp, limit: number): Promise<number> {
    return this.#statements.remove(lowestIdAt(before), limit);
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

function prepare(runner: StatementRunner) {
  return {
    add: runner.change('add-audit-entry', { idempotent: true }),
    list: runner.all('list-audit-entries', auditEntryFromRow),
    remove: runner.change('remove-audit-entries'),
  };
}
