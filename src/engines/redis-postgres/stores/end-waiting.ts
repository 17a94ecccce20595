import { type DeliveryId, type EndpointId, isUuid } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import { text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** Ends what waits for an endpoint: `EndpointStore.endWaiting`. */
export class WaitingDeliveries {
  readonly #database: Database;
  readonly #onEnded: (endpointId: EndpointId, deliveryIds: readonly DeliveryId[]) => Promise<void>;

  /** @param onEnded takes deliveries that have ended out of the lanes */
  constructor(
    database: Database,
    onEnded: (endpointId: EndpointId, deliveryIds: readonly DeliveryId[]) => Promise<void>,
  ) {
    this.#database = database;
    this.#onEnded = onEnded;
  }

  async end(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number> {
    if (!isUuid(id)) return 0;
    for (;;) {
      const waiting = await this.#database.query('unfinished-of-endpoint', [id, limit], { idempotent: true });
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
}
