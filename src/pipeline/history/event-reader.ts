import type { AcceptedEvent } from '../../core/events/event.ts';
import { type EventId, isUuid, type OrganizationId, uuidv7Time } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Store, WorkerPorts } from '../../ports/engine.ts';
import type { EventStore } from '../../ports/store/event-store.ts';
import type { Context } from '../context.ts';

/** An event accepted this recently may not be on record yet. */
const RECENT_MS: Milliseconds = 5_000;
const LONGEST_WAIT_MS: Milliseconds = 1_000;
const FIRST_PAUSE_MS: Milliseconds = 5;
const LONGEST_PAUSE_MS: Milliseconds = 50;

/** Reads events by id. Where workers record events, a read of a recent event waits until it is recorded. */
export class EventReader {
  readonly #context: Pick<Context, 'clock'>;
  readonly #events: EventStore;
  readonly #intakeIsRecord: boolean;

  constructor(
    context: Pick<Context, 'clock'>,
    engine: { readonly store: Pick<Store, 'events'>; readonly worker: WorkerPorts | null },
  ) {
    this.#context = context;
    this.#events = engine.store.events;
    this.#intakeIsRecord = engine.worker === null;
  }

  /** Waits equally for another organization's id and for one that never existed, so that the delay reveals nothing. */
  async get(organizationId: OrganizationId, id: EventId): Promise<AcceptedEvent | undefined> {
    const found = await this.#events.get(organizationId, id);
    if (found !== undefined || this.#intakeIsRecord || !this.#isRecent(id)) return found;
    const until = this.#context.clock.monotonicMs() + LONGEST_WAIT_MS;
    for (
      let pauseMs = FIRST_PAUSE_MS;
      this.#context.clock.monotonicMs() < until;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const event = await this.#events.get(organizationId, id);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  #isRecent(id: EventId): boolean {
    return isUuid(id) && id[14] === '7' && Math.abs(this.#context.clock.now() - uuidv7Time(id)) < RECENT_MS;
  }
}
