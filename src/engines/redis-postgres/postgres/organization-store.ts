import { randomFillSync } from 'node:crypto';
import { IdSource, type InboxId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { DEFAULT_INBOX } from '../../../core/inbox.ts';
import { DEFAULT_MAX_LEASES } from '../../../core/limits.ts';
import type { ApiKey, Organization } from '../../../core/organization.ts';
import type { OrganizationStore } from '../../../ports/store/organization-store.ts';
import type { Database } from './database.ts';
import { StatementRefused } from './errors.ts';
import { number, numberOrNull, text } from './row.ts';

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
    if (row === undefined) return undefined;
    return {
      id: text(row, 'id'),
      name: text(row, 'name'),
      tier: text(row, 'tier'),
      createdAt: number(row, 'created_at'),
    };
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
      key: {
        id: text(row, 'id'),
        organizationId,
        name: text(row, 'name'),
        prefix: text(row, 'prefix'),
        sha256: text(row, 'sha256'),
        createdAt: number(row, 'created_at'),
        expiresAt: numberOrNull(row, 'expires_at'),
      },
    };
  }
}
