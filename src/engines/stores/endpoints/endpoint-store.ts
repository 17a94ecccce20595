import type { SecretBox } from '../../../core/administration/secret-box.ts';
import type { DisabledReason, Endpoint, EndpointFault } from '../../../core/delivery/endpoint.ts';
import { type EndpointId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { MAX_ENDPOINTS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { EndpointChange, EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { idRange } from '../../rows/id-range.ts';
import { number, numberOrNull, type Row, text } from '../../rows/row.ts';
import type { EffectRunner, StatementRunner, TransactionScript } from '../statements/index.ts';
import { endpointFromRow, endpointParameters } from './endpoint-row.ts';

/** What of endpoints is an engine's own. */
export interface EndpointHooks<Effect> {
  /** An endpoint was changed and is active: its lane may have something due. */
  readonly onActive: (id: EndpointId) => Effect;
  /** Deliveries are a hot table: each engine ends them by its own statements. */
  readonly endWaiting: EndpointStore['endWaiting'];
}

export class SqlEndpointStore<Effect> implements EndpointStore {
  readonly endWaiting: EndpointStore['endWaiting'];
  readonly #runner: EffectRunner<Effect>;
  readonly #box: SecretBox;
  readonly #onActive: (id: EndpointId) => Effect;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(runner: EffectRunner<Effect>, box: SecretBox, hooks: EndpointHooks<Effect>) {
    this.#runner = runner;
    this.#box = box;
    this.#onActive = hooks.onActive;
    this.endWaiting = hooks.endWaiting;
    this.#statements = prepare(runner, box);
  }

  create(endpoint: Endpoint): Promise<'created' | 'conflict' | 'full'> {
    return this.#runner.transaction(() => this.#create(endpoint));
  }

  *#create(endpoint: Endpoint): TransactionScript<'created' | 'conflict' | 'full'> {
    const { lock, count, defaultToWrite, put } = this.#statements;
    yield lock(endpoint.organizationId);
    const [counted] = yield count(endpoint.organizationId);
    if (number(counted ?? {}, 'endpoints') >= MAX_ENDPOINTS_PER_ORGANIZATION) return 'full';
    if (endpoint.isDefault) {
      const [other] = yield defaultToWrite(endpoint.organizationId);
      if (other !== undefined && other['id'] !== endpoint.id) return 'conflict';
    }
    yield put(...endpointParameters(endpoint, this.#box));
    return 'created';
  }

  get(organizationId: OrganizationId, id: EndpointId): Promise<Endpoint | undefined> {
    return this.#statements.get(organizationId, id);
  }

  list(organizationId: OrganizationId, page: PageRequest): Promise<Endpoint[]> {
    const { from, before } = idRange(page);
    return this.#statements.list(organizationId, from, before, page.limit);
  }

  all(organizationId: OrganizationId): Promise<Endpoint[]> {
    return this.#statements.all(organizationId);
  }

  async revision(organizationId: OrganizationId): Promise<string> {
    return (await this.#statements.revision(organizationId)) ?? '';
  }

  async find(ids: readonly EndpointId[]): Promise<(Endpoint | undefined)[]> {
    const [id] = ids;
    if (id !== undefined && ids.length === 1) return [await this.#statements.findOne(id)];
    const found = new Map((await this.#statements.find(ids.filter(isUuid))).map((endpoint) => [endpoint.id, endpoint]));
    return ids.map((id) => found.get(id));
  }

  getDefault(organizationId: OrganizationId): Promise<Endpoint | undefined> {
    return this.#statements.getDefault(organizationId);
  }

  update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): Promise<Endpoint | undefined> {
    return this.#runner.transaction(
      () => this.#update(organizationId, id, change),
      (after) => (after?.status === 'active' ? this.#onActive(id) : undefined),
    );
  }

  *#update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): TransactionScript<Endpoint | undefined> {
    const [row] = yield this.#statements.getToWrite(organizationId, id);
    if (row === undefined) return undefined;
    const before = endpointFromRow(row, this.#box);
    const changes = typeof change === 'function' ? change(before) : change;
    const after: Endpoint = { ...before, ...changes, lastFault: null };
    yield this.#statements.put(...endpointParameters(after, this.#box));
    return after;
  }

  async disable(id: EndpointId, reason: DisabledReason, at: Timestamp): Promise<boolean> {
    return (await this.#statements.disable(id, reason, at)) === 1;
  }

  async recordHealth(id: EndpointId, succeeding: boolean, at: Timestamp): Promise<Timestamp | null> {
    if (succeeding) {
      await this.#statements.recordSucceeding(id);
      return null;
    }
    const [row] = await this.#statements.recordFailing(id, at);
    return row === undefined ? null : numberOrNull<Timestamp>(row, 'failing_since');
  }

  async recordFault(id: EndpointId, fault: EndpointFault): Promise<void> {
    await this.#statements.recordFault(id, JSON.stringify(fault));
  }

  async remove(organizationId: OrganizationId, id: EndpointId): Promise<boolean> {
    return (await this.#statements.remove(organizationId, id)) === 1;
  }
}

function prepare(runner: StatementRunner, box: SecretBox) {
  const fromRow = (row: Row): Endpoint => endpointFromRow(row, box);
  return {
    lock: runner.statement('lock-endpoints'),
    count: runner.statement('count-endpoints'),
    defaultToWrite: runner.statement('get-default-endpoint'),
    getToWrite: runner.statement('get-endpoint-to-write', { givenId: 2 }),
    put: runner.statement('put-endpoint'),
    get: runner.one('get-endpoint', fromRow, { givenId: 2 }),
    getDefault: runner.one('get-default-endpoint', fromRow),
    find: runner.all('find-endpoints', fromRow),
    // A list in JSON costs SQLite 3 µs more than a probe.
    findOne: runner.one('find-endpoint', fromRow, { givenId: 1 }),
    list: runner.all('list-endpoints', fromRow),
    all: runner.all('all-endpoints', fromRow),
    revision: runner.one('endpoints-revision', (row) => text<string>(row, 'revision')),
    disable: runner.change('disable-endpoint', { givenId: 1 }),
    recordFailing: runner.write('record-endpoint-failing', { givenId: 1 }),
    recordSucceeding: runner.change('record-endpoint-succeeding', { givenId: 1 }),
    recordFault: runner.change('record-endpoint-fault', { givenId: 1 }),
    remove: runner.change('remove-endpoint', { givenId: 2 }),
  };
}
