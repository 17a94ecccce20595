import { randomFillSync } from 'node:crypto';
import { DEFAULT_INBOX } from '../../../core/administration/inbox.ts';
import type { ApiKey, Organization } from '../../../core/administration/organization.ts';
import { IdSource, type InboxId, type KeyId, type OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_MAX_LEASES, MAX_KEYS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { OrganizationStore } from '../../../ports/store/organization-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { idRange, LOWEST_ID } from '../../rows/id-range.ts';
import { number } from '../../rows/row.ts';
import type { StatementRunner, TransactionScript } from '../statements/index.ts';
import { keyFromRow, keyParameters } from './key-row.ts';
import { organizationFromRow, organizationOfKey } from './organization-row.ts';

export class SqlOrganizationStore implements OrganizationStore {
  readonly #runner: StatementRunner;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner) {
    this.#runner = runner;
    this.#statements = prepare(runner);
  }

  async create(organization: Organization, key: ApiKey): Promise<boolean> {
    try {
      return await this.#runner.transaction(() => this.#create(organization, key));
    } catch (error) {
      if (error instanceof KeyIsThere) return false;
      throw error;
    }
  }

  *#create({ id, name, tier, createdAt }: Organization, key: ApiKey): TransactionScript<boolean> {
    const { addOrganization, addKey, addInbox } = this.#statements;
    if ((yield addOrganization(id, name, tier, createdAt)).length === 0) return false;
    const keyRows = yield addKey(...keyParameters({ ...key, organizationId: id }));
    // Takes the organization back.
    if (keyRows.length === 0) throw new KeyIsThere();
    // Made in the time of its organization, like any other id of that moment.
    const inboxId = new IdSource(() => createdAt, randomFillSync).next<InboxId>();
    yield addInbox(inboxId, id, DEFAULT_INBOX, '[]', DEFAULT_MAX_LEASES, 0, LOWEST_ID, createdAt);
    return true;
  }

  get(id: OrganizationId): Promise<Organization | undefined> {
    return this.#statements.get(id);
  }

  list(page: PageRequest): Promise<Organization[]> {
    const { from, before } = idRange(page);
    return this.#statements.list(from, before, page.limit);
  }

  async update(
    id: OrganizationId,
    change: Partial<Pick<Organization, 'name' | 'tier'>>,
  ): Promise<Organization | undefined> {
    const [row] = await this.#statements.put(id, change.name ?? null, change.tier ?? null);
    return row === undefined ? undefined : organizationFromRow(row);
  }

  addKey(key: ApiKey): Promise<'added' | 'full'> {
    return this.#runner.transaction(() => this.#addKey(key));
  }

  *#addKey(key: ApiKey): TransactionScript<'added' | 'full'> {
    const { lockKeys, countKeys, addKey } = this.#statements;
    yield lockKeys(key.organizationId);
    const [counted] = yield countKeys(key.organizationId);
    if (number(counted ?? {}, 'keys') >= MAX_KEYS_PER_ORGANIZATION) return 'full';
    if ((yield addKey(...keyParameters(key))).length === 0) throw new KeyIsThere();
    return 'added';
  }

  keys(organizationId: OrganizationId): Promise<ApiKey[]> {
    return this.#statements.listKeys(organizationId);
  }

  async expireKey(organizationId: OrganizationId, id: KeyId, at: Timestamp): Promise<boolean> {
    return (await this.#statements.expireKey(organizationId, id, at)) === 1;
  }

  async removeKey(organizationId: OrganizationId, id: KeyId): Promise<boolean> {
    return (await this.#statements.removeKey(organizationId, id)) === 1;
  }

  async recordKeyUse(used: readonly { readonly id: KeyId; readonly at: Timestamp }[]): Promise<void> {
    // In the order of ids for everybody: no deadlocks.
    const sorted = used.map(({ id, at }) => ({ id, at })).sort((a, b) => (a.id < b.id ? -1 : 1));
    await this.#statements.recordKeyUses(JSON.stringify(sorted));
  }

  findByKeyHash(sha256: string): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined> {
    return this.#statements.findKey(sha256);
  }
}

/** The id or the hash of a new key is there already. */
class KeyIsThere extends Error {
  override readonly name = 'KeyIsThere';
}

function prepare(runner: StatementRunner) {
  return {
    addOrganization: runner.statement('add-organization'),
    addInbox: runner.statement('add-inbox'),
    get: runner.one('get-organization', organizationFromRow, { givenId: 1 }),
    list: runner.all('list-organizations', organizationFromRow),
    put: runner.write('put-organization', { givenId: 1 }),
    lockKeys: runner.statement('lock-api-keys'),
    countKeys: runner.statement('count-api-keys'),
    addKey: runner.statement('add-api-key'),
    listKeys: runner.all('list-api-keys', keyFromRow),
    findKey: runner.one('find-api-key', (row) => ({ organization: organizationOfKey(row), key: keyFromRow(row) })),
    expireKey: runner.change('expire-api-key', { givenId: 2 }),
    removeKey: runner.change('remove-api-key', { givenId: 2 }),
    recordKeyUses: runner.change('record-key-uses'),
  };
}
