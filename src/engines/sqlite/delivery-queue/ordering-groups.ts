import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';

/** A delivery that goes in an order. */
export interface OrderedDelivery {
  readonly endpointId: EndpointId;
  readonly orderingGroup: string;
  readonly deliveryId: DeliveryId;
}

/** Whose turn it is, where deliveries go one after the other. All within the caller's transaction. */
export class OrderingGroups {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection) {
    this.#statements = prepare(writer);
  }

  /** Whether the delivery has the turn now; else it waits for it. */
  claim({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): boolean {
    return this.#statements.claim.run(endpointId, orderingGroup, deliveryId).changes === 1;
  }

  /** Its turn, though it is over: the group stands still. */
  block({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): void {
    if (this.holder(endpointId, orderingGroup)?.id === deliveryId) {
      this.#statements.set.run(endpointId, orderingGroup, deliveryId, 1);
    }
  }

  /** It keeps the turn, to be tried again. */
  unblockOne({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): void {
    this.#statements.set.run(endpointId, orderingGroup, deliveryId, 0);
  }

  /** A delivery is done: where it had the turn, blocked or not, the next one has it. */
  pass({ endpointId, orderingGroup, deliveryId }: OrderedDelivery, effects: WriteEffects): void {
    if (this.holder(endpointId, orderingGroup)?.id !== deliveryId) return;
    const next = this.#statements.next.get(endpointId, orderingGroup);
    if (next === undefined) {
      this.#statements.end.run(endpointId, orderingGroup);
      return;
    }
    const id = text<DeliveryId>(next, 'id');
    this.#statements.set.run(endpointId, orderingGroup, id, 0);
    this.#statements.makeDue.run(id);
    effects.dueEndpoints.add(endpointId);
  }

  holder(
    endpointId: EndpointId,
    orderingGroup: string,
  ): { readonly id: DeliveryId; readonly blocked: boolean } | undefined {
    const row = this.#statements.get.get(endpointId, orderingGroup);
    return row === undefined ? undefined : { id: text(row, 'delivery_id'), blocked: row['blocked'] === 1 };
  }

  /** Lets a bounded number of blocked groups go on. @returns how many */
  unblock(endpointId: EndpointId, limit: number, effects: WriteEffects): number {
    const blocked = this.#statements.blocked.all(endpointId, limit);
    for (const row of blocked) {
      this.pass({ endpointId, orderingGroup: text(row, 'order_group'), deliveryId: text(row, 'delivery_id') }, effects);
    }
    return blocked.length;
  }

  /** All of an endpoint's deliveries have ended. */
  forget(endpointId: EndpointId): void {
    this.#statements.endAll.run(endpointId);
  }
}

function prepare(writer: Connection) {
  return {
    claim: writer.prepare('claim-turn'),
    get: writer.prepare('get-turn'),
    set: writer.prepare('set-turn'),
    end: writer.prepare('end-turn'),
    endAll: writer.prepare('end-turns-of-endpoint'),
    blocked: writer.prepare('blocked-turns'),
    next: writer.prepare('next-in-order'),
    makeDue: writer.prepare('make-due'),
  };
}
