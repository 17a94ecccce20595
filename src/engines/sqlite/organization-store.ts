import type { IdSource, InboxId, OrganizationId } from '../../core/ids.ts';
import { DEFAULT_INBOX } from '../../core/inbox.ts';
import { DEFAULT_MAX_LEASES } from '../../core/limits.ts';
import type { ApiKey, Organization } from '../../core/organization.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';
import type { Connection } from './connection.ts';
import type { ReadConnection } from './read-connection.ts';
import { number, numberOrNull, type Row, text } from './row.ts';
import type { WriteQueue } from './write-queue.ts';

export class SqliteOrganizationStore implements OrganizationStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #ids: IdSource;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; ids: IdSource }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#ids = args.ids;
    this.#statements = prepare(args.writer, args.reader);
  }

  create(organization: Organization, key: ApiKey): Promise<boolean> {
    const { addOrganization, addKey, addInbox, keyToWrite } = this.#statements;
    const inboxId = this.#ids.next<InboxId>();
    return this.#queue.submit(() => {
      if (keyToWrite.get(key.sha256) !== undefined) return false;
      const { id, name, tier, createdAt } = organization;
      if (addOrganization.run(id, name, tier, createdAt).changes === 0) return false;
      addKey.run(key.id, id, key.name, key.prefix, key.sha256, key.createdAt, key.expiresAt);
      addInbox.run(inboxId, id, DEFAULT_INBOX, '[]', DEFAULT_MAX_LEASES, 0, '', createdAt);
      return true;
    });
  }

  get(id: OrganizationId): Promise<Organization | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(id);
      return row === undefined ? undefined : organizationFromRow(row);
    });
  }

  findByKeyHash(sha256: string): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined> {
    return this.#reader.read(() => {
      const keyRow = this.#statements.findKey.get(sha256);
      if (keyRow === undefined) return undefined;
      const key = keyFromRow(keyRow);
      const row = this.#statements.get.get(key.organizationId);
      return row === undefined ? undefined : { organization: organizationFromRow(row), key };
    });
  }
}

function organizationFromRow(row: Row): Organization {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    tier: text(row, 'tier'),
    createdAt: number(row, 'created_at'),
  };
}

function keyFromRow(row: Row): ApiKey {
  return {
    id: text(row, 'id'),
    organizationId: text(row, 'organization_id'),
    name: text(row, 'name'),
    prefix: text(row, 'prefix'),
    sha256: text(row, 'sha256'),
    createdAt: number(row, 'created_at'),
    expiresAt: numberOrNull(row, 'expires_at'),
  };
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    addOrganization: writer.prepare('add-organization'),
    addKey: writer.prepare('add-api-key'),
    addInbox: writer.prepare('add-inbox'),
    keyToWrite: writer.prepare('find-api-key'),
    get: reader.prepare('get-organization'),
    findKey: reader.prepare('find-api-key'),
  };
}
