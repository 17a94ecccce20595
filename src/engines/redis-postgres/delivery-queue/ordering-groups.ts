import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { type Row, text } from '../../rows/row.ts';
import { type Database, LOWEST_ID } from '../database/index.ts';

/** The head of an ordering group, which is final. */
export interface EndedHead {
  readonly endpointId: EndpointId;
  readonly orderingGroup: string;
  readonly deliveryId: DeliveryId;
  /** The failed delivery stays the head and blocks the group. */
  readonly blocks: boolean;
}

export interface DueDelivery {
  readonly endpointId: EndpointId;
  readonly deliveryId: DeliveryId;
}

/**
 * Ordering groups (table `order_turns`): the head of a group is the one delivery that may be sent. `persist_events`
 * sets the first head.
 */
export class OrderingGroups {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Advances groups whose head is final. A delivery that is not the head, or not final, changes nothing. @returns the
   * new heads
   */
  async advance(ended: readonly EndedHead[]): Promise<readonly DueDelivery[]> {
    if (ended.length === 0) return [];
    // Idempotent: a repeated call finds no group to advance.
    const rows = await this.#database.query('advance-groups', [
      ended.map(({ endpointId }) => endpointId),
      ended.map(({ orderingGroup }) => orderingGroup),
      ended.map(({ deliveryId }) => deliveryId),
      ended.map(({ blocks }) => blocks),
    ]);
    return rows.map((row) => ({ endpointId: text(row, 'endpoint_id'), deliveryId: text(row, 'delivery_id') }));
  }

  /** One step over all groups, in the order of endpoints and groups: finds groups that were not advanced. */
  async staleStep(
    after: { readonly endpointId: string; readonly orderingGroup: string } | null,
    limit: number,
  ): Promise<{ readonly stale: readonly EndedHead[]; readonly last: EndedHead | undefined; readonly scanned: number }> {
    const from = [after?.endpointId ?? LOWEST_ID, after?.orderingGroup ?? '', limit];
    const rows = await this.#database.query('stale-groups', from, { idempotent: true });
    const last = rows.at(-1);
    await this.#unblockStale(rows.filter((row) => row['is_stale'] === true && row['blocked'] === true));
    return {
      stale: rows.filter((row) => row['is_stale'] === true).map(endedFromRow),
      last: last === undefined ? undefined : endedFromRow(last),
      scanned: rows.length,
    };
  }

  async #unblockStale(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const column = (name: string) => rows.map((row) => text<string>(row, name));
    const columns = [column('endpoint_id'), column('order_group'), column('delivery_id')];
    await this.#database.query('unblock-stale-groups', columns);
  }

  /** Unblocks up to `limit` groups. @returns the groups to advance */
  async unblock(endpointId: EndpointId, limit: number): Promise<readonly EndedHead[]> {
    const rows = await this.#database.query('unblock-groups', [endpointId, limit]);
    return rows.map((row) => endedFromRow({ ...row, endpoint_id: endpointId }));
  }
}

function endedFromRow(row: Row): EndedHead {
  return {
    endpointId: text(row, 'endpoint_id'),
    orderingGroup: text(row, 'order_group'),
    deliveryId: text(row, 'delivery_id'),
    blocks: false,
  };
}
