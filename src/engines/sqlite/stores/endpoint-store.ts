import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { DisabledReason, Endpoint, EndpointFault } from '../../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import { MAX_ENDPOINTS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { EndpointChange, EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { endpointFromRow, endpointParameters } from '../../rows/endpoint-row.ts';
import { number, numberOrNull, text } from '../../rows/row.ts';
import { type Connection, idRange, type ReadConnection } from '../database/index.ts';
import { OrderingGroups } from '../delivery-queue/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

export class SqliteEndpointStore implements EndpointStore {
  readonly #queue: WriteQueue;
  readonly #box: SecretBox;
  readonly #reader: ReadConnection;
  readonly #turns: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(args: { writer: Connection; reader: ReadConnection; queue: WriteQueue; box: SecretBox }) {
    this.#queue = args.queue;
    this.#box = args.box;
    this.#reader = args.reader;
    this.#turns = new OrderingGroups(args.writer);
    this.#statements = prepare(args.writer, args.reader);
  }

  create(endpoint: Endpoint): Promise<'created' | 'conflict' | 'full'> {
    return this.#queue.submit(() => {
      const { count, defaultToWrite, put } = this.#statements;
      const row = count.get(endpoint.organizationId);
      if (row !== undefined && number(row, 'endpoints') >= MAX_ENDPOINTS_PER_ORGANIZATION) return 'full';
      const other = endpoint.isDefault ? defaultToWrite.get(endpoint.organizationId) : undefined;
      if (other !== undefined && other['id'] !== endpoint.id) return 'conflict';
      put.run(...endpointParameters(endpoint, this.#box));
      return 'created';
    });
  }

  get(organizationId: OrganizationId, id: EndpointId): Promise<Endpoint | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.get.get(id);
      const endpoint = row === undefined ? undefined : endpointFromRow(row, this.#box);
      return endpoint?.organizationId === organizationId ? endpoint : undefined;
    });
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<Endpoint[]> {
    const { from, before } = idRange(page);
    return this.#reader.read(() =>
      this.#statements.list.all(organizationId, from, before, page.limit).map((row) => endpointFromRow(row, this.#box)),
    );
  }

  all(organizationId: OrganizationId): Promise<Endpoint[]> {
    return this.#reader.read(() =>
      this.#statements.all.all(organizationId).map((row) => endpointFromRow(row, this.#box)),
    );
  }

  revision(organizationId: OrganizationId): Promise<string> {
    return this.#reader.read(() => text(this.#statements.revision.get(organizationId) ?? {}, 'revision'));
  }

  find(ids: readonly EndpointId[]): Promise<(Endpoint | undefined)[]> {
    return this.#reader.read(() =>
      ids.map((id) => {
        const row = this.#statements.get.get(id);
        return row === undefined ? undefined : endpointFromRow(row, this.#box);
      }),
    );
  }

  getDefault(organizationId: OrganizationId): Promise<Endpoint | undefined> {
    return this.#reader.read(() => {
      const row = this.#statements.getDefault.get(organizationId);
      return row === undefined ? undefined : endpointFromRow(row, this.#box);
    });
  }

  update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): Promise<Endpoint | undefined> {
    return this.#queue.submit((effects) => {
      const row = this.#statements.getToWrite.get(id);
      const before = row === undefined ? undefined : endpointFromRow(row, this.#box);
      if (before?.organizationId !== organizationId) return undefined;
      const after = { ...before, ...(typeof change === 'function' ? change(before) : change), lastFault: null };
      this.#statements.put.run(...endpointParameters(after, this.#box));
      if (after.status === 'active') effects.dueEndpoints.add(id);
      return after;
    });
  }

  disable(id: EndpointId, reason: DisabledReason, at: Timestamp): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.disable.run(id, reason, at).changes === 1);
  }

  recordHealth(id: EndpointId, succeeding: boolean, at: Timestamp): Promise<Timestamp | null> {
    return this.#queue.submit(() => {
      const { noteSucceeding, noteFailing } = this.#statements;
      if (succeeding) {
        noteSucceeding.run(id);
        return null;
      }
      const row = noteFailing.get(id, at);
      return row === undefined ? null : numberOrNull<Timestamp>(row, 'failing_since');
    });
  }

  async recordFault(id: EndpointId, fault: EndpointFault): Promise<void> {
    await this.#queue.submit(() => this.#statements.noteFault.run(id, JSON.stringify(fault)));
  }

  remove(organizationId: OrganizationId, id: EndpointId): Promise<boolean> {
    return this.#queue.submit(() => this.#statements.remove.run(id, organizationId).changes === 1);
  }

  endWaiting(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number> {
    return this.#queue.submit((effects) => {
      const { endWaiting, endLeased, endTurnless } = this.#statements;
      const waiting = Number(endWaiting.run(id, status, at, limit).changes);
      const leased = waiting < limit ? Number(endLeased.run(id, status, at, limit - waiting).changes) : 0;
      const ended = waiting + leased;
      const turnless = ended < limit ? Number(endTurnless.run(id, status, at, limit - ended).changes) : 0;
      if (ended + turnless < limit) this.#turns.removeAll(id);
      effects.waiting -= ended + turnless;
      return ended + turnless;
    });
  }
}

function prepare(writer: Connection, reader: ReadConnection) {
  return {
    count: writer.prepare('count-endpoints'),
    put: writer.prepare('put-endpoint'),
    getToWrite: writer.prepare('get-endpoint'),
    defaultToWrite: writer.prepare('get-default-endpoint'),
    disable: writer.prepare('disable-endpoint'),
    noteFailing: writer.prepare('record-endpoint-failing'),
    noteSucceeding: writer.prepare('record-endpoint-succeeding'),
    noteFault: writer.prepare('record-endpoint-fault'),
    remove: writer.prepare('remove-endpoint'),
    endWaiting: writer.prepare('end-waiting-deliveries'),
    endLeased: writer.prepare('end-leased-deliveries'),
    endTurnless: writer.prepare('end-turnless-deliveries'),
    get: reader.prepare('get-endpoint'),
    getDefault: reader.prepare('get-default-endpoint'),
    list: reader.prepare('list-endpoints'),
    all: reader.prepare('all-endpoints'),
    revision: reader.prepare('endpoints-revision'),
  };
}
