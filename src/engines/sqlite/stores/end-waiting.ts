import type { EndpointId } from '../../../core/ids.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { Connection } from '../database/index.ts';
import { OrderingGroups } from '../delivery-queue/index.ts';
import type { WriteQueue } from '../write-queue/index.ts';

/** Ends what waits for an endpoint: `EndpointStore.endWaiting`. */
export class WaitingDeliveries {
  readonly #queue: WriteQueue;
  readonly #turns: OrderingGroups;
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ writer, queue }: { writer: Connection; queue: WriteQueue }) {
    this.#queue = queue;
    this.#turns = new OrderingGroups(writer);
    this.#statements = prepare(writer);
  }

  end(id: EndpointId, status: 'canceled' | 'skipped', at: Timestamp, limit: number): Promise<number> {
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

function prepare(writer: Connection) {
  return {
    endWaiting: writer.prepare('end-waiting-deliveries'),
    endLeased: writer.prepare('end-leased-deliveries'),
    endTurnless: writer.prepare('end-turnless-deliveries'),
  };
}
