import type { AcceptedEvent } from '../../../core/events/event.ts';
import { isOperational } from '../../../core/events/operational-event.ts';
import { toIso } from '../../../core/time.ts';

/** RFC 4180: a header, lines that end in CRLF, every field in quotes, including the header's. */
export const CSV_HEAD = '"id","type","created_at","dedup_id","ordering_key","deliver_at","data"\r\n';

export function eventCsv(event: AcceptedEvent): string {
  const fields = [
    event.id,
    event.type,
    toIso(event.createdAt),
    harmless(isOperational(event) ? '' : (event.dedupId ?? '')),
    harmless(event.orderingKey ?? ''),
    event.deliverAt === null ? '' : toIso(event.deliverAt),
    harmlessJson(event.data),
  ];
  return `${fields.map(quoted).join(',')}\r\n`;
}

/**
 * Adds an apostrophe to text that a spreadsheet would run as a formula (OWASP, CSV injection), because senders choose it. It
 * does so after `;` and tab too, where some spreadsheets begin a new cell even within quotes.
 */
function harmless(text: string): string {
  return text.replace(/(^|[;\t])(?=[=+\-@\t\r])/g, "$1'");
}

/** The same for JSON without changing its value: an escape replaces the sign, and a space replaces a tab between tokens. */
function harmlessJson(json: string): string {
  return json.replace(/[\t\r\n]/g, ' ').replace(/;[=+\-@]/g, (found) => `;${ESCAPES[found[1] ?? '']}`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '=': '\\u003d',
  '+': '\\u002b',
  '-': '\\u002d',
  '@': '\\u0040',
};

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
