import type { Inbox } from '../../../core/administration/inbox.ts';
import { wantsEventType } from '../../../core/events/event-type.ts';
import type { Timestamp } from '../../../core/time.ts';
import { text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** As many as a lease looks at in one step (`max_events` and `max_woken` of lease_messages). */
const MAX_EVENTS = 1_000;
const MAX_WOKEN = 500;
/**
 * Types looked at for one pattern, a probe each: some 20 ms. An organization that uses more types at once than this and
 * leases by a pattern whose beginning is open gets to the later ones when the earlier ones are gone.
 */
const MAX_TYPES = 2_000;
/** Above everything an event type may consist of. */
const AFTER_ALL_TYPES = '\u007f';

/** What patterns mean for the types that are there: the database matches no patterns. */
export interface WantedTypes {
  readonly wanted: readonly string[];
  /** The inbox wants them, this lease does not. */
  readonly passed: readonly string[];
  readonly unwanted: readonly string[];
}

/** @returns null when every type is wanted, which nobody needs to look up */
export async function findWantedTypes(
  database: Database,
  inbox: Inbox,
  eventTypes: readonly string[],
  now: Timestamp,
): Promise<WantedTypes | null> {
  const patterns = eventTypes.length > 0 ? eventTypes : inbox.eventTypes;
  if (patterns.length === 0) return null;
  // Without their last dot: `order.**` wants `order` too.
  const prefixes = [
    ...new Set(patterns.filter(isOpen).map((pattern) => pattern.slice(0, Math.max(0, pattern.indexOf('*') - 1)))),
  ];
  const ends = prefixes.map((prefix) => prefix + AFTER_ALL_TYPES);
  const rows = await database.query(
    'waiting-types',
    [inbox.id, inbox.organizationId, now, prefixes, ends, MAX_TYPES, MAX_WOKEN, MAX_EVENTS],
    { idempotent: true },
  );
  const types = new Set(rows.map((row) => text<string>(row, 'type')));
  for (const pattern of patterns) if (!isOpen(pattern)) types.add(pattern);
  const found = { wanted: [] as string[], passed: [] as string[], unwanted: [] as string[] };
  for (const type of types) {
    if (!wantsEventType(inbox.eventTypes, type)) found.unwanted.push(type);
    else if (wantsEventType(eventTypes, type)) found.wanted.push(type);
    else found.passed.push(type);
  }
  return found;
}

function isOpen(pattern: string): boolean {
  return pattern.includes('*');
}
