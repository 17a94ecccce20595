import type { AuditEntry } from '../../core/administration/audit.ts';
import type { OrganizationId } from '../../core/ids.ts';
import type { Timestamp } from '../../core/time.ts';
import type { PageRequest } from './page.ts';

/** Who changed what in an organization. */
export interface AuditStore {
  /** Durable when it resolves. */
  add(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(organizationId: OrganizationId, page: PageRequest): Promise<AuditEntry[]>;
  /** One bounded step. @returns how many left; fewer than `limit` = all done */
  removeBefore(before: Timestamp, limit: number): Promise<number>;
}
