import { DEFAULT_INBOX } from '../../../core/administration/inbox.ts';
import type { ApiKey, Organization } from '../../../core/administration/organization.ts';
import type { IdSource, InboxId, KeyId, OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_MAX_LEASES, MAX_KEYS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { OrganizationStore } from '../../../ports/store/organization-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { keyFromRow } from '../../rows/key-row.ts';
import { number, type Row, text } from '../../rows/row.ts';
import { tierOf } from '../../rows/tier.ts';
import { type Connection, idRange, type ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

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
      addKey.run(...keyParameters({ ...key, organizationId: id }));
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

  list(page: PageRequest): Promise<Organization[]> {
    const { from, before } = idRange(page);
    return this.#reader.read(() => this.#statements.list.all(from, before, page.limit).map(organizationFromRow));
  }

  update(id: OrganizationId, change: Partial<Pick<Organization, 'name' | 'tier'>>): Promise<Organization | undefined> {
    return this.#queue.submit(() => {
      const row = this.#statements.put.get(id, change.name ?? null, change.tier ?? null);
      return row === undefined ? undefined : organizationFromRow(row);
    });
  }

  addKey(key: ApiKey): Promise<'added' | 'full'> {
    return this.#queue.submit(() => {
      const counted = this.#statements.countKeys.get(key.organizationId) ?? {};
      if (number(counted, 'keys') >= MAX_KEYS_PER_ORGANIZATION) return 'full';
      this.#statements.addKey.run(...keyParameters(key));
      return 'added';
    });
  }

  keys(organizationId: OrganizationId): Promise<ApiKey[]> {
    return this.#reader.read(() => this.#statements.listKeys.all(organizationId).map(keyFromRow));
  }

  expireKey(organizationId: OrganizationId, id: KeyId, at: Timestamp): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.expireKey.run(organizationId, id, at).changes === 1);
  }

  removeKey(organizationId: OrganizationId, id: KeyId): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.removeKey.run(organizationId, id).changes === 1);
  }

  recordKeyUse(used: readonly { readonly id: KeyId; readonly at: Timestamp }[]): Promise<void> {
    return this.#queue.submit(() => {
      for (const { id, at } of used) this.#statements.noteUsed.run(id, at);
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
    tier: tierOf(row),
    createdAt: number(row, 'created_at'),
  };
}

/** The columns in the order of `add-api-key`. */
function keyParameters({ id, organizationId, name, prefix, sha256, createdAt, expiresAt, scopes }: ApiKey) {
  return [id, organizationId, name, prefix, sha256, createdAt, expiresAt, JSON.stringify(scopes)] as const;
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    addOrganization: writer.prepare('add-organization'),
    addKey: writer.prepare('add-api-key'),
    addInbox: writer.prepare('add-inbox'),
    keyToWrite: writer.prepare('find-api-key'),
    put: writer.prepare('put-organization'),
    countKeys: writer.prepare('count-api-keys'),
    expireKey: writer.prepare('expire-api-key'),
    removeKey: writer.prepare('remove-api-key'),
    noteUsed: writer.prepare('record-key-use'),
    list: reader.prepare('list-organizations'),
    listKeys: reader.prepare('list-api-keys'),
    get: reader.prepare('get-organization'),
    findKey: reader.prepare('find-api-key'),
  };
}
