import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';

/** A delivery in an ordering group. */
export interface OrderedDelivery {
  readonly endpointId: EndpointId;
  readonly orderingGroup: string;
  readonly deliveryId: DeliveryId;
}

/**
 * Ordering groups (table `order_turns`): the head of a group is the one delivery that may be sent. All methods run
 * within the caller's transaction.
 */
export class OrderingGroups {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection) {
    this.#statements = prepare(writer);
  }

  /** Makes the delivery the head if the group has none. @returns whether it is the head; otherwise it waits */
  enter({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): boolean {
    return this.#statements.claim.run(endpointId, orderingGroup, deliveryId).changes === 1;
  }

  /** Keeps a failed delivery as the head, which blocks the group. */
  block({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): void {
    if (this.head(endpointId, orderingGroup)?.id === deliveryId) {
      this.#statements.set.run(endpointId, orderingGroup, deliveryId, 1);
    }
  }

  /** Keeps the delivery as the head and unblocks the group, for a retry. */
  retryHead({ endpointId, orderingGroup, deliveryId }: OrderedDelivery): void {
    this.#statements.set.run(endpointId, orderingGroup, deliveryId, 0);
  }

  /** The delivery is final: if it was the head, blocking or not, the next delivery becomes the head and due. */
  advance({ endpointId, orderingGroup, deliveryId }: OrderedDelivery, effects: WriteEffects): void {
    if (this.head(endpointId, orderingGroup)?.id !== deliveryId) return;
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

  head(
    endpointId: EndpointId,
    orderingGroup: string,
  ): { readonly id: DeliveryId; readonly blocked: boolean } | undefined {
    const row = this.#statements.get.get(endpointId, orderingGroup);
    return row === undefined ? undefined : { id: text(row, 'delivery_id'), blocked: row['blocked'] === 1 };
  }

  /** Unblocks up to `limit` blocked groups of the endpoint. @returns how many */
  unblock(endpointId: EndpointId, limit: number, effects: WriteEffects): number {
    const blocked = this.#statements.blocked.all(endpointId, limit);
    for (const row of blocked) {
      this.advance(
        { endpointId, orderingGroup: text(row, 'order_group'), deliveryId: text(row, 'delivery_id') },
        effects,
      );
    }
    return blocked.length;
  }

  /** Removes all groups of an endpoint, whose deliveries have ended. */
  removeAll(endpointId: EndpointId): void {
    this.#statements.endAll.run(endpointId);
  }
}

function prepare(writer: Connection) {
  return {
    claim: writer.prepare('enter-group'),
    get: writer.prepare('get-group-head'),
    set: writer.prepare('set-group-head'),
    end: writer.prepare('remove-group'),
    endAll: writer.prepare('remove-groups-of-endpoint'),
    blocked: writer.prepare('blocked-groups'),
    next: writer.prepare('next-in-group'),
    makeDue: writer.prepare('make-due'),
  };
}
