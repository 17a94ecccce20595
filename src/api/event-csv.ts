import type { AcceptedEvent } from '../core/event.ts';
import { isOperational } from '../core/operational-event.ts';
import { toIso } from '../core/time.ts';

/** RFC 4180: a head, lines that end in CRLF, fields with quotes where they need them. */
export const CSV_HEAD = 'id,type,created_at,dedup_id,ordering_key,deliver_at,data\r\n';

export function eventCsv(event: AcceptedEvent): string {
  const fields = [
    event.id,
    event.type,
    toIso(event.createdAt),
    harmless(isOperational(event) ? '' : (event.dedupId ?? '')),
    harmless(event.orderingKey ?? ''),
    event.deliverAt === null ? '' : toIso(event.deliverAt),
    event.data,
  ];
  return `${fields.map(quoted).join(',')}\r\n`;
}

/** What a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection): senders choose these. */
function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
