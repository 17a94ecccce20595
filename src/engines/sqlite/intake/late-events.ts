import type { AcceptedEvent } from '../../../core/events/event.ts';
import { wantsEventType } from '../../../core/events/event-type.ts';
import { text, textsOrNull } from '../../rows/row.ts';
import type { Connection, Statement } from '../database/index.ts';

/**
 * Inboxes walk the events in the order of their ids; but ids are made before the commit, and an event that waited for its
 * fan-out, or was tried again after a full disk, may commit after one with a higher id. Where an inbox has gone past
 * such an event already, it gets a row of its own, so that it is not missed. Costs one comparison for every other event.
 */
export class LateEvents {
  #highestId: string;
  readonly #passedInboxes: Statement;
  readonly #addAvailable: Statement;

  constructor(writer: Connection, highestId: string | null) {
    this.#highestId = highestId ?? '';
    this.#passedInboxes = writer.prepare('inboxes-past-event');
    this.#addAvailable = writer.prepare('add-available-message');
  }

  /** Within the transaction that writes the event. */
  accepted(event: AcceptedEvent): void {
    if (event.id > this.#highestId) {
      this.#highestId = event.id;
      return;
    }
    for (const inbox of this.#passedInboxes.all(event.organizationId, event.id)) {
      const eventTypes = textsOrNull(inbox, 'event_types');
      // One that can't be read keeps what it may have wanted.
      if (eventTypes === null || wantsEventType(eventTypes, event.type)) {
        this.#addAvailable.run(text(inbox, 'id'), event.id, event.type);
      }
    }
  }
}
