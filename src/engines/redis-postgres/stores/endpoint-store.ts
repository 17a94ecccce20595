import { NO_SECRET_BOX, type SecretBox } from '../../../core/administration/secret-box.ts';
import type { DisabledReason, Endpoint, EndpointFault } from '../../../core/delivery/endpoint.ts';
import { type DeliveryId, type EndpointId, isUuid, type OrganizationId } from '../../../core/ids.ts';
import { MAX_ENDPOINTS_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { EndpointChange, EndpointStore } from '../../../ports/store/endpoint-store.ts';
import type { PageRequest } from '../../../ports/store/page.ts';
import { endpointFromRow, endpointParameters } from '../../rows/endpoint-row.ts';
import { numberOrNull, type Row, text } from '../../rows/row.ts';
import { type Database, idRange } from '../database/index.ts';

export class PostgresEndpointStore implements EndpointStore {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #onEnded: (endpointId: EndpointId, deliveryIds: readonly DeliveryId[]) => Promise<void>;
  readonly #onActive: (endpointId: EndpointId) => void;

  /**
   * @param parts.onEnded deliveries that `endWaiting` has ended
   * @param parts.onActive an endpoint that was changed and takes deliveries
   */
  constructor(parts: {
    database: Database;
    box?: SecretBox;
    onEnded: (endpointId: EndpointId, deliveryIds: readonly DeliveryId[]) => Promise<void>;
    onActive: (endpointId: EndpointId) => void;
  }) {
    this.#database = parts.database;
    this.#box = parts.box ?? NO_SECRET_BOX;
    this.#onEnded = parts.onEnded;
    this.#onActive = parts.onActive;
  }

  create(endpoint: Endpoint): Promise<'created' | 'conflict' | 'full'> {
    return this.#database.transaction(async (transaction) => {
      await transaction.query('lock-endpoints', [endpoint.organizationId]);
      const parameters = [...endpointParameters(endpoint, this.#box), MAX_ENDPOINTS_PER_ORGANIZATION];
      const [row] = await transaction.query('create-endpoint', parameters);
      return text<'created' | 'conflict' | 'full'>(row ?? {}, 'outcome');
    });
  }

  async get(organizationId: OrganizationId, id: EndpointId): Promise<Endpoint | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.#read('get-endpoint', [organizationId, id]);
    return row === undefined ? undefined : endpointFromRow(row, this.#box);
  }

  async list(organizationId: OrganizationId, page: PageRequest): Promise<Endpoint[]> {
    const { from, before } = idRange(page);
    return (await this.#read('list-endpoints', [organizationId, from, before, page.limit])).map((row) =>
      endpointFromRow(row, this.#box),
    );
  }

  async all(organizationId: OrganizationId): Promise<Endpoint[]> {
    return (await this.#read('all-endpoints', [organizationId])).map((row) => endpointFromRow(row, this.#box));
  }

  async revision(organizationId: OrganizationId): Promise<string> {
    const [row] = await this.#read('endpoints-revision', [organizationId]);
    return text(row ?? {}, 'revision');
  }

  async find(ids: readonly EndpointId[]): Promise<(Endpoint | undefined)[]> {
    const rows = await this.#read('find-endpoints', [ids.filter(isUuid)]);
    const found = new Map(rows.map((row) => [text<EndpointId>(row, 'id'), endpointFromRow(row, this.#box)]));
    return ids.map((id) => found.get(id));
  }

  async getDefault(organizationId: OrganizationId): Promise<Endpoint | undefined> {
    const [row] = await this.#read('get-default-endpoint', [organizationId]);
    return row === undefined ? undefined : endpointFromRow(row, this.#box);
  }

  async update(
    organizationId: OrganizationId,
    id: EndpointId,
    change: EndpointChange | ((before: Endpoint) => EndpointChange),
  ): Promise<Endpoint | undefined> {
    if (!isUuid(id)) return undefined;
    const changed = await this.#database.transaction(async (transaction) => {
      const [row] = await transaction.query('get-endpoint-to-write', [organizationId, id]);
      if (row === undefined) return undefined;
      const before = endpointFromRow(row, this.#box);
      const changes = typeof change === 'function' ? change(before) : change;
      const after: Endpoint = { ...before, ...changes, lastFault: null };
      await transaction.query('put-endpoint', endpointParameters(after, this.#box));
      return after;
    });
    if (changed?.status === 'active') this.#onActive(id);
    return changed;
  }

  async disable(id: EndpointId, reason: DisabledReason, at: Timestamp): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (await this.#database.query('disable-endpoint', [id, reason, at])).length === 1;
  }

  async recordHealth(id: EndpointId, succeeding: boolean, at: Timestamp): Promise<Timestamp | null> {
    if (!isUuid(id)) return null;
    if (succeeding) {
      await this.#database.query('record-endpoint-succeeding', [id]);
      return null;
    }
    const [row] = await this.#database.query('record-endpoint-failing', [id, at]);
    return row === undefined ? null : numberOrNull<Timestamp>(row, 'failing_since');
  }

  async recordFault(id: EndpointId, fault: EndpointFault): Promise<void> {
    if (isUuid(id)) await this.#database.query('record-endpoint-fault', [id, JSON.stringify(fault)]);
  }

  async remove(organizationId: OrganizationId, id: EndpointId): Promise<boolean> {
    if (!isUuid(id)) return false;
    return (await this.#database.query('remove-endpoint', [organizationId, id])).length === 1;
  }

  async endWaiting(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number> {
    if (!isUuid(id)) return 0;
    for (;;) {
      const waiting = await this.#read('unfinished-of-endpoint', [id, limit]);
      if (waiting.length === 0) {
        await this.#database.query('end-turns-of-endpoint', [id]);
        return 0;
      }
      const ids = waiting.map((row) => text<DeliveryId>(row, 'id'));
      const rows = await this.#database.query('end-deliveries', [ids, status, at], { plannedEachTime: true });
      const ended = rows.map((row) => text<DeliveryId>(row, 'id'));
      // None: others have settled all of these meanwhile.
      if (ended.length === 0) continue;
      await this.#onEnded(id, ended);
      return ended.length;
    }
  }

  #read(name: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    return this.#database.query(name, parameters, { idempotent: true });
  }
}
