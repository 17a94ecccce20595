import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { type Row, text } from '../../rows/row.ts';
import { type Database, LOWEST_ID } from '../database/index.ts';

/** A delivery that goes in an order, and is done. */
export interface EndedHead {
  readonly endpointId: EndpointId;
  readonly orderingGroup: string;
  readonly deliveryId: DeliveryId;
  /** It keeps the turn: nothing may overtake it. */
  readonly blocks: boolean;
}

export interface DueDelivery {
  readonly endpointId: EndpointId;
  readonly deliveryId: DeliveryId;
}

/** Whose turn it is, where deliveries go one after the other. Turns are taken by `persist_events`. */
export class OrderingGroups {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns whose turn it is now. A delivery that has not the turn, or is not done, changes nothing. */
  async advance(ended: readonly EndedHead[]): Promise<readonly DueDelivery[]> {
    if (ended.length === 0) return [];
    // Made twice it is made once: the second finds no turn to pass.
    const rows = await this.#database.query('advance-groups', [
      ended.map(({ endpointId }) => endpointId),
      ended.map(({ orderingGroup }) => orderingGroup),
      ended.map(({ deliveryId }) => deliveryId),
      ended.map(({ blocks }) => blocks),
    ]);
    return rows.map((row) => ({ endpointId: text(row, 'endpoint_id'), deliveryId: text(row, 'delivery_id') }));
  }

  /** A step over all turns, in the order of endpoints and groups: those that nobody passed on. */
  async staleStep(
    after: { readonly endpointId: string; readonly orderingGroup: string } | null,
    limit: number,
  ): Promise<{ readonly stale: readonly EndedHead[]; readonly last: EndedHead | undefined; readonly looked: number }> {
    const from = [after?.endpointId ?? LOWEST_ID, after?.orderingGroup ?? '', limit];
    const rows = await this.#database.query('stale-groups', from, { idempotent: true });
    const last = rows.at(-1);
    await this.#unblockStale(rows.filter((row) => row['is_stale'] === true && row['blocked'] === true));
    return {
      stale: rows.filter((row) => row['is_stale'] === true).map(endedFromRow),
      last: last === undefined ? undefined : endedFromRow(last),
      looked: rows.length,
    };
  }

  async #unblockStale(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const column = (name: string) => rows.map((row) => text<string>(row, name));
    const columns = [column('endpoint_id'), column('order_group'), column('delivery_id')];
    await this.#database.query('unblock-stale-groups', columns);
  }

  /** Takes the block off a bounded number of groups. @returns turns to pass on */
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
