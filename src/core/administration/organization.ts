import type { KeyId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

export const TIERS = ['free', 'pro', 'business', 'enterprise', 'unlimited'] as const;
export type Tier = (typeof TIERS)[number];

/** A tenant. Owns keys, events, endpoints and inboxes; nothing crosses its boundary. */
export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  readonly tier: Tier;
  readonly createdAt: Timestamp;
}

/** What a key permits: `publish` events, `consume` inboxes, `manage` everything else. */
export const SCOPES = ['publish', 'consume', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** An API key as it is stored: only the SHA-256 of its secret. */
export interface ApiKey {
  readonly id: KeyId;
  readonly organizationId: OrganizationId;
  readonly name: string;
  /** The first characters, which identify the key in a list. */
  readonly prefix: string;
  /** SHA-256 of the key, in lower-case hex. */
  readonly sha256: string;
  readonly createdAt: Timestamp;
  readonly expiresAt: Timestamp | null;
  readonly scopes: readonly Scope[];
  /** Accurate to about a minute. */
  readonly lastUsedAt: Timestamp | null;
}
