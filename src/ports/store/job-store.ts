import type { Job } from '../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../core/ids.ts';
import type { PageRequest } from './page.ts';

/** Work that goes on in the background, and where it stands. */
export interface JobStore {
  create(job: Job): Promise<void>;
  get(organizationId: OrganizationId, id: JobId): Promise<Job | undefined>;
  list(organizationId: OrganizationId, page: PageRequest): Promise<Job[]>;
  /**
   * Of each organization the oldest that is `running`, by organization, those after `after`; jobs in `without` are left out. One
   * organization's thousand jobs take one place.
   */
  running(after: OrganizationId | null, limit: number, without: readonly JobId[]): Promise<Job[]>;
  /** Where a step has brought it. Changes nothing unless it is `running` still. @returns whether it was */
  save(job: Job): Promise<boolean>;
}
