import type { Job } from '../../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../../core/ids.ts';
import type { JobStore } from '../../../ports/store/job-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { idRange, LOWEST_ID } from '../../rows/id-range.ts';
import type { StatementRunner } from '../statements/index.ts';
import { jobFromRow } from './job-row.ts';

export class SqlJobStore implements JobStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: StatementRunner) {
    this.#statements = prepare(runner);
  }

  async create(job: Job): Promise<void> {
    const { id, organizationId, kind, parameters, status, place, lookedAt, made, error, createdAt, updatedAt } = job;
    const columns = [id, organizationId, kind, JSON.stringify(parameters), status, place];
    await this.#statements.create(...columns, lookedAt, made, error, createdAt, updatedAt);
  }

  get(organizationId: OrganizationId, id: JobId): Promise<Job | undefined> {
    return this.#statements.get(organizationId, id);
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<Job[]> {
    const { from, before } = idRange(page);
    return this.#statements.list(organizationId, from, before, page.limit);
  }

  running(after: OrganizationId | null, limit: number, without: readonly JobId[]): Promise<Job[]> {
    return this.#statements.running(after ?? LOWEST_ID, limit, without);
  }

  async save({ id, status, place, lookedAt, made, error, updatedAt }: Job): Promise<boolean> {
    return (await this.#statements.save(id, status, place, lookedAt, made, error, updatedAt)) === 1;
  }
}

function prepare(runner: StatementRunner) {
  return {
    create: runner.change('create-job'),
    get: runner.one('get-job', jobFromRow, { givenId: 2 }),
    list: runner.all('list-jobs', jobFromRow),
    running: runner.all('running-jobs', jobFromRow),
    save: runner.change('save-job'),
  };
}
