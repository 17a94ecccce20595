import type { AuditEntry } from '../../core/administration/audit.ts';
import type { OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** The audit log: who changed what in an organization. */
export interface AuditStore {
  /** Durable when it resolves. */
  add(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(organizationId: OrganizationId, page: PageRequest): Promise<AuditEntry[]>;
  /** Removes old entries, one bounded step. @returns how many were removed; fewer than `limit` = done */
  removeBefore(before: Timestamp, limit: number): Promise<number>;
}
