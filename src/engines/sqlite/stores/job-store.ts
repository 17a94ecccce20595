import type { Job } from '../../../core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../../core/ids.ts';
import type { JobStore } from '../../../ports/store/job-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { jobFromRow } from '../../rows/job-row.ts';
import { type Connection, idRange, type ReadConnection } from '../database/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

export class SqliteJobStore implements JobStore {
  readonly #queue: WriteQueue;
  readonly #reader: ReadConnection;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue }) {
    this.#queue = args.queue;
    this.#reader = args.reader;
    this.#statements = prepare(args.writer, args.reader);
  }

  create(job: Job): Promise<void> {
    return this.#queue.submit(() => {
      const { id, organizationId, kind, parameters, status, place, lookedAt, made, error, createdAt, updatedAt } = job;
      const columns = [id, organizationId, kind, JSON.stringify(parameters), status, place] as const;
      this.#statements.create.run(...columns, lookedAt, made, error, createdAt, updatedAt);
    });
  }

  get(organizationId: OrganizationId, id: JobId): Promise<Job | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(organizationId, id);
      return row === undefined ? undefined : jobFromRow(row);
    });
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<Job[]> {
    const { from, before } = idRange(page);
    return this.#reader.read(() => this.#statements.list.all(organizationId, from, before, page.limit).map(jobFromRow));
  }

  running(after: OrganizationId | null, limit: number, without: readonly JobId[]): Promise<Job[]> {
    return this.#reader.read(() =>
      this.#statements.running.all(after ?? '', limit, JSON.stringify(without)).map(jobFromRow),
    );
  }

  save({ id, status, place, lookedAt, made, error, updatedAt }: Job): Promise<boolean> {
    return this.#queue.submit(
      () => this.#statements.save.run(id, status, place, lookedAt, made, error, updatedAt).changes === 1,
    );
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    create: writer.prepare('create-job'),
    save: writer.prepare('save-job'),
    get: reader.prepare('get-job'),
    list: reader.prepare('list-jobs'),
    running: reader.prepare('running-jobs'),
  };
}
