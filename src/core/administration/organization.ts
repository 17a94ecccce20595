import type { KeyId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

export const TIERS = ['free', 'pro', 'business', 'enterprise', 'unlimited'] as const;
export type Tier = (typeof TIERS)[number];

/** The tenant: owns keys, events, endpoints, inboxes. Nothing crosses its border. */
export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  readonly tier: Tier;
  readonly createdAt: Timestamp;
}

/** What a key may do: send events; pull them from inboxes; everything else. */
export const SCOPES = ['publish', 'consume', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** A secret of an organization, without the secret: only its SHA-256 is stored. */
export interface ApiKey {
  readonly id: KeyId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** The first characters, to tell keys apart in a list. */
  readonly prefix: string;
  /** SHA-256 of the key, in lower-case hex. */
  readonly sha256: string;
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly scopes: readonly Scope[];
  /** To a minute or so. */
  readonly lastUsedAt: Timestamp | null;
}
