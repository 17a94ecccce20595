import type { AuditId, KeyId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

/** Something that somebody changed, or a secret that was shown: who, what, when. Never what was in it. */
export interface AuditEntry {
  readonly id: AuditId;
  readonly organizationId: OrganizationId;
  /** `<thing>.<what was done to it>`: `endpoint.created`. */
  readonly action: string;
  /** The id or name of the thing; null where there is no one thing. */
  readonly target: string | null;
  /** Null = the administrator. */
  readonly key: { readonly id: KeyId; readonly name: string } | null;
  /** The fields that the request named. */
  readonly fields: readonly string[];
  readonly requestId: string;
  /** Where the request came from; null where that was gone already. */
  readonly address: string | null;
  readonly createdAt: Timestamp;
}
