import type { AcceptedEvent } from '../../core/events/event.ts';
import { dataBytes } from '../../core/page-bytes.ts';
import { eventFromRow } from './event-row.ts';
import type { Row } from './row.ts';

/** The events of rows up to the one with which their data come to `maxBytes`; the rest is not read. */
export function eventPage(rows: Iterable<Row>, maxBytes: number): AcceptedEvent[] {
  const events: AcceptedEvent[] = [];
  let bytes = 0;
  for (const row of rows) {
    const event = eventFromRow(row);
    events.push(event);
    bytes += dataBytes(event);
    if (bytes >= maxBytes) break;
  }
  return events;
}
