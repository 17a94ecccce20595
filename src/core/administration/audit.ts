import type { AuditId, KeyId, OrganizationId } from '../ids.ts';
import type { Timestamp } from '../time.ts';

/** An audit entry: a change, or the display of a secret. Says who, what and when, and never contains values. */
export interface AuditEntry {
  readonly id: AuditId;
  readonly organizationId: OrganizationId;
  /** `<resource>.<action>`, such as `endpoint.created`. */
  readonly action: string;
  /** The resource's id or name; null where there is no single resource. */
  readonly target: string | null;
  /** The API key that acted; null = the administrator. */
  readonly key: { readonly id: KeyId; readonly name: string } | null;
  /** Names of the fields in the request. */
  readonly fields: readonly string[];
  readonly requestId: string;
  /** The client's address; null when the connection had closed. */
  readonly address: string | null;
  readonly createdAt: Timestamp;
}
