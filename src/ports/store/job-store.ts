import type { Job } from '../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../core/ids.ts';
import type { PageRequest } from './page.ts';

/** Background jobs and their progress. */
export interface JobStore {
  create(job: Job): Promise<void>;
  get(organizationId: OrganizationId, id: JobId): Promise<Job | undefined>;
  list(organizationId: OrganizationId, page: PageRequest): Promise<Job[]>;
  /**
   * The oldest `running` job of each organization, ordered by organization, for organizations after `after`. Jobs in `without`
   * are left out. A thousand jobs of one organization take one place.
   */
  running(after: OrganizationId | null, limit: number, without: readonly JobId[]): Promise<Job[]>;
  /** Saves a job's progress, if it is still `running`. @returns whether it was */
  save(job: Job): Promise<boolean>;
}
