import type { Job } from '../../../core/delivery/job.ts';
import { isUuid, type JobId, type OrganizationId } from '../../../core/ids.ts';
import type { JobStore } from '../../../ports/store/job-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { jobFromRow } from '../../rows/job-row.ts';
import type { Row } from '../../rows/row.ts';
import { type Database, idRange, LOWEST_ID } from '../database/index.ts';

export class PostgresJobStore implements JobStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(job: Job): Promise<void> {
    const { id, organizationId, kind, parameters, status, place, lookedAt, made, error, createdAt, updatedAt } = job;
    const columns = [id, organizationId, kind, JSON.stringify(parameters), status, place];
    await this.#database.query('create-job', [...columns, lookedAt, made, error, createdAt, updatedAt]);
  }

  async get(organizationId: OrganizationId, id: JobId): Promise<Job | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#read('get-job', [organizationId, id]);
    return row === undefined ? undefined : jobFromRow(row);
  }

  async list(organizationId: OrganizationId, page: PageRequest): Promise<Job[]> {
    const { from, before } = idRange(page);
    return (await this.#read('list-jobs', [organizationId, from, before, page.limit])).map(jobFromRow);
  }

  async running(after: OrganizationId | null, limit: number, without: readonly JobId[]): Promise<Job[]> {
    return (await this.#read('running-jobs', [after ?? LOWEST_ID, limit, without])).map(jobFromRow);
  }

  async save({ id, status, place, lookedAt, made, error, updatedAt }: Job): Promise<boolean> {
    const rows = await this.#database.query('save-job', [id, status, place, lookedAt, made, error, updatedAt]);
    return rows.length === 1;
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}
