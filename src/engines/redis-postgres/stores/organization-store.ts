import { randomFillSync } from 'node:crypto';
import { DEFAULT_INBOX } from '../../../core/administration/inbox.ts';
import type { ApiKey, Organization } from '../../../core/administration/organization.ts';
import { IdSource, type InboxId, isUuid, type KeyId, type OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_MAX_LEASES, MAX_KEYS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { OrganizationStore } from '../../../ports/store/organization-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { keyFromRow } from '../../rows/key-row.ts';
import { number, type Row, text } from '../../rows/row.ts';
import { tierOf } from '../../rows/tier.ts';
import { type Database, idRange, StatementRefused } from '../database/index.ts';

const UNIQUE_VIOLATION = '23505';

export class PostgresOrganizationStore implements OrganizationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(organization: Organization, key: ApiKey): Promise<boolean> {
    const { id, name, tier, createdAt } = organization;
    // Made in the time of its organization, like any other id of that moment.
    const inboxId = new IdSource(() => createdAt, randomFillSync).next<InboxId>();
    try {
      const [row] = await this.#database.query('create-organization', [
        id,
        name,
        tier,
        createdAt,
        key.id,
        key.name,
        key.prefix,
        key.sha256,
        key.createdAt,
        key.expiresAt,
        inboxId,
        DEFAULT_INBOX,
        DEFAULT_MAX_LEASES,
        JSON.stringify(key.scopes),
      ]);
      return row?.['created'] === true;
    } catch (error) {
      // Another process was first, between our look and our insert.
      if (error instanceof StatementRefused && error.code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  async get(id: OrganizationId): Promise<Organization | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#database.query('get-organization', [id], { idempotent: true });
    return row === undefined ? undefined : organizationFromRow(row);
  }

  async list(page: PageRequest): Promise<Organization[]> {
    const { from, before } = idRange(page);
    const rows = await this.#database.query('list-organizations', [from, before, page.limit], { idempotent: true });
    return rows.map(organizationFromRow);
  }

  async update(
    id: OrganizationId,
    change: Partial<Pick<Organization, 'name' | 'tier'>>,
  ): Promise<Organization | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#database.query('put-organization', [id, change.name ?? null, change.tier ?? null]);
    return row === undefined ? undefined : organizationFromRow(row);
  }

  async addKey(key: ApiKey): Promise<'added' | 'full'> {
    const { id, organizationId, name, prefix, sha256, scopes, createdAt, expiresAt } = key;
    const what = [id, organizationId, name, prefix, sha256, JSON.stringify(scopes)];
    const [row] = await this.#database.query('add-api-key', [...what, createdAt, expiresAt, MAX_KEYS_PER_ORGANIZATION]);
    return row?.['added'] === true ? 'added' : 'full';
  }

  async keys(organizationId: OrganizationId): Promise<ApiKey[]> {
    return (await this.#database.query('list-api-keys', [organizationId], { idempotent: true })).map(keyFromRow);
  }

  async expireKey(organizationId: OrganizationId, id: KeyId, at: Timestamp): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (await this.#database.query('expire-api-key', [organizationId, id, at])).length === 1;
  }

  async removeKey(organizationId: OrganizationId, id: KeyId): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (await this.#database.query('remove-api-key', [organizationId, id])).length === 1;
  }

  async recordKeyUse(used: readonly { readonly id: KeyId; readonly at: Timestamp }[]): Promise<void> {
    // In the order of ids for everybody: no deadlocks.
    const sorted = [...used].sort((a, b) => (a.id < b.id ? -1 : 1));
    await this.#database.query('record-key-uses', [sorted.map(({ id }) => id), sorted.map(({ at }) => at)]);
  }

  async findByKeyHash(
    sha256: string,
  ): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined> {
    const [row] = await this.#database.query('find-api-key', [sha256], { idempotent: true });
    if (row === undefined) return undefined;
    const organizationId = text<OrganizationId>(row, 'organization_id');
    return {
      organization: {
        id: organizationId,
        name: text(row, 'organization_name'),
        tier: text(row, 'organization_tier'),
        createdAt: number(row, 'organization_created_at'),
      },
      key: keyFromRow(row),
    };
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
