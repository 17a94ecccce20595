import type { AcceptedEvent } from '../../../core/events/event.ts';
import { wantsEventType } from '../../../core/events/event-type.ts';
import { text, textsOrNull } from '../../rows/row.ts';
import type { Connection, Statement } from '../database/index.ts';

/**
 * Inboxes scan events in id order, but ids are made before the commit: an event that waited for its fan-out, or was
 * retried after a full disk, may commit after one with a higher id. If an inbox's cursor has passed such an event, the
 * event gets a row in the inbox, so that it is not missed. Costs one comparison for every other event.
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

  /** Call within the transaction that writes the event. */
  accepted(event: AcceptedEvent): void {
    if (event.id > this.#highestId) {
      this.#highestId = event.id;
      return;
    }
    for (const inbox of this.#passedInboxes.all(event.organizationId, event.id)) {
      const eventTypes = textsOrNull(inbox, 'event_types');
      // An inbox whose event types cannot be read keeps every event that it may want.
      if (eventTypes === null || wantsEventType(eventTypes, event.type)) {
        this.#addAvailable.run(text(inbox, 'id'), event.id, event.type);
      }
    }
  }
}
