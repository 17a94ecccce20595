import type { OrganizationId } from '../../core/ids.ts';
import type { ApiKey, Organization } from '../../core/organization.ts';

/** Tenants and their keys. */
export interface OrganizationStore {
  /** Both or neither, with the inbox `default`. False when the organization's id or the key's hash is there already. */
  create(organization: Organization, firstKey: ApiKey): Promise<boolean>;
  get(id: OrganizationId): Promise<Organization | undefined>;
  /** Looks a key up by its SHA-256 (hex), expired or not: one index probe, no scan over organizations. */
  findByKeyHash(sha256: string): Promise<{ readonly organization: Organization; readonly key: ApiKey } | undefined>;
}
