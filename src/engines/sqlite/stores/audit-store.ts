import type { AuditEntry } from '../../../core/administration/audit.ts';
import { firstIdAt, type KeyId, type OrganizationId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { AuditStore } from '../../../ports/store/audit-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { number, type Row, text, textOrNull, textsOrNull, UNREADABLE_FIELDS } from '../../rows/row.ts';
import { type Connection, idRange, type ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

export class SqliteAuditStore implements AuditStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#statements = prepare(args.writer, args.reader);
  }

  add({ id, organizationId, action, target, key, fields, requestId, address, createdAt }: AuditEntry): Promise<void> {
    const who = [key?.id ?? null, key?.name ?? null] as const;
    return this.#queue.submit(() => {
      const what = [id, organizationId, action, target, ...who, JSON.stringify(fields)] as const;
      this.#statements.add.run(...what, requestId, address, createdAt);
    });
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<AuditEntry[]> {
    const { from, before } = idRange(page);
    return this.#reader.read(() =>
      this.#statements.list.all(organizationId, from, before, page.limit).map(auditEntryFromRow),
    );
  }

  removeBefore(before: Timestamp, limit: number): Promise<number> {
    return this.#queue.submit(() => Number(this.#statements.remove.run(firstIdAt(before), limit).changes));
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

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    add: writer.prepare('add-audit-entry'),
    remove: writer.prepare('remove-audit-entries'),
    list: reader.prepare('list-audit-entries'),
  };
}
