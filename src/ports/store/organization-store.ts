import type { ApiKey, Organization } from '../../core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** Organizations (tenants) and their API keys. */
export interface OrganizationStore {
  /**
   * Creates an organization with its first key and the inbox `default`, atomically. False when the organization's id or
   * the key's hash exists.
   */
  create(organization: Organization, firstKey: ApiKey): Promise<boolean>;
  get(id: OrganizationId): Promise<Organization | undefined>;
  /** Finds a key by its SHA-256 (hex), expired or not, with one index lookup. */
  findByKeyHash(sha256: string): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined>;

  list(page: PageRequest): Promise<Organization[]>;
  /** @returns the changed organization; undefined: none */
  update(id: OrganizationId, change: Partial<Pick<Organization, 'name' | 'tier'>>): Promise<Organization | undefined>;

  /** Adds a key. `full`: the organization has `MAX_KEYS_PER_ORGANIZATION` already. */
  addKey(key: ApiKey): Promise<'added' | 'full'>;
  /** All keys of an organization, newest first, including expired ones. */
  keys(organizationId: OrganizationId): Promise<ApiKey[]>;
  /** Sets a key's expiry, which never moves later. @returns whether the key existed */
  expireKey(organizationId: OrganizationId, id: KeyId, at: Timestamp): Promise<boolean>;
  removeKey(organizationId: OrganizationId, id: KeyId): Promise<boolean>;
  /** Records when keys were last used; times older than the stored ones are ignored. */
  recordKeyUse(used: readonly { readonly id: KeyId; readonly at: Timestamp }[]): Promise<void>;
}
