import type { ApiKey, Organization } from '../../core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** Tenants and their keys. */
export interface OrganizationStore {
  /** Both or neither, with the inbox `default`. False when the organization's id or the key's hash is there already. */
  create(organization: Organization, firstKey: ApiKey): Promise<boolean>;
  get(id: OrganizationId): Promise<Organization | undefined>;
  /** Looks a key up by its SHA-256 (hex), expired or not: one index probe, no scan over organizations. */
  findByKeyHash(sha256: string): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined>;

  list(page: PageRequest): Promise<Organization[]>;
  /** @returns the organization as it is now; undefined: none */
  update(id: OrganizationId, change: Partial<Pick<Organization, 'name' | 'tier'>>): Promise<Organization | undefined>;

  /** One more key. `full`: the organization has `MAX_KEYS_PER_ORGANIZATION` already. */
  addKey(key: ApiKey): Promise<'added' | 'full'>;
  /** All of an organization, newest first, expired ones too. */
  keys(organizationId: OrganizationId): Promise<ApiKey[]>;
  /** It is valid until then, and no longer than it was. @returns whether it was there */
  expireKey(organizationId: OrganizationId, id: KeyId, at: Timestamp): Promise<boolean>;
  removeKey(organizationId: OrganizationId, id: KeyId): Promise<boolean>;
  /** When keys were used last; older news than what is known change nothing. */
  recordKeyUse(used: readonly { readonly id: KeyId; readonly at: Timestamp }[]): Promise<void>;
}
