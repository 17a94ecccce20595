import type { DeliveryId, EndpointId } from '../../../core/ids.ts';
import { text } from '../../rows/row.ts';
import type { Connection } from '../database/index.ts';
import { OrderingGroups } from '../delivery-queue/index.ts';
import type { WriteEffects } from '../write-queue/index.ts';

/** Takes one event away with all that belongs to it. Within the caller's transaction. */
export class EventRemoval {
  readonly #turns: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(writer: Connection) {
    this.#turns = new OrderingGroups(writer);
    this.#statements = prepare(writer);
  }

  remove(
    { organizationId, id, seq }: { organizationId: string; id: string; seq: number },
    effects: WriteEffects,
  ): void {
    const { ordered, messages, attempts, deliveries, event } = this.#statements;
    const turns = ordered.all(id);
    messages.run(organizationId, id);
    attempts.run(id);
    deliveries.run(id);
    event.run(seq);
    // One that failed and held its order up would do so for ever: nobody could retry or cancel it any more.
    for (const row of turns) {
      const endpointId = text<EndpointId>(row, 'endpoint_id');
      const orderingGroup = text<string>(row, 'order_group');
      this.#turns.advance({ endpointId, orderingGroup, deliveryId: text<DeliveryId>(row, 'id') }, effects);
    }
  }
}

function prepare(writer: Connection) {
  return {
    ordered: writer.prepare('ordered-deliveries-of-event'),
    messages: writer.prepare('remove-messages-of-event'),
    attempts: writer.prepare('remove-attempts-of-event'),
    deliveries: writer.prepare('remove-deliveries-of-event'),
    event: writer.prepare('remove-event'),
  };
}
