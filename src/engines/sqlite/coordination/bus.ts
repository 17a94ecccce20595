import { Listeners } from '../../../core/listeners.ts';
import type { Bus, BusMessage } from '../../../ports/coordination/bus.ts';

/** The bus of the embedded engine: all roles run in this process, so a message is a function call. */
export class ProcessBus implements Bus {
  readonly #listeners = new Listeners<BusMessage>();

  async publish(message: BusMessage): Promise<void> {
    this.#listeners.call(message);
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    return this.#listeners.add(listener);
  }

  onMissed(): () => void {
    return () => {};
  }
}
