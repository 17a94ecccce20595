import type { Inbox } from '../../../core/administration/inbox.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import { AFTER_ALL_TYPES, AFTER_TYPE, isOpen, typeRanges } from '../../../core/type-matching/type-ranges.ts';
import { type Row, text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** The bounds of one lease step (`max_events` and `max_woken` of lease_messages). */
const MAX_EVENTS = 1_000;
const MAX_WOKEN = 500;
/** Types of available messages per query, a lookup each: about 20 ms. */
const TYPES_PER_QUERY = 2_000;
/** Maximum number of wanted types per lease, an index range each. */
const MAX_WANTED = 2_000;

/** Existing types by what the lease does with them: the database does not match patterns. */
export interface WantedTypes {
  /** Wanted types of messages that have a row. Null = every type. */
  readonly touched: readonly string[] | null;
  /** Types of events without a row. Null = every type is wanted. */
  readonly untouched: {
    readonly wanted: readonly string[];
    /** Types that the inbox wants and this lease does not. */
    readonly passed: readonly string[];
    readonly unwanted: readonly string[];
  } | null;
}

/** A range of types of available messages. */
interface Range {
  readonly first: string;
  readonly before: string;
}

/** Finds the types that a lease may meet and classifies them, in bounded queries and in turns of the event loop. */
export class WantedTypesSearch {
  readonly #database: Database;
  readonly #matcher: TypeMatcher;

  constructor(parts: { database: Database; matcher: TypeMatcher }) {
    this.#database = parts.database;
    this.#matcher = parts.matcher;
  }

  /**
   * @param request.limit number of requested messages: beyond `MAX_WANTED` types, only those with the oldest messages
   * are returned
   */
  async find(
    inbox: Inbox,
    {
      eventTypes,
      limit,
      now,
    }: { readonly eventTypes: readonly string[]; readonly limit: number; readonly now: Timestamp },
  ): Promise<WantedTypes> {
    if (eventTypes.length === 0 && inbox.eventTypes.length === 0) return { touched: null, untouched: null };
    let ranges: readonly Range[] = typeRanges(eventTypes).map((first) => ({ first, before: first + AFTER_ALL_TYPES }));
    const met = await this.#query(inbox, now, ranges, { woken: MAX_WOKEN, events: MAX_EVENTS });
    const untouched = await this.#untouched(inbox, eventTypes, met);
    if (eventTypes.length === 0) return { touched: null, untouched };
    const names = eventTypes.filter((pattern) => !isOpen(pattern));
    const always = await this.#matching(inbox, eventTypes, [...met, ...names]);
    let rest: readonly string[] = [];
    for (ranges = restOf(ranges, met); ranges.length > 0; ) {
      const types = await this.#query(inbox, now, ranges, { woken: 0, events: 0 });
      ranges = restOf(ranges, types);
      rest = [...rest, ...(await this.#matching(inbox, eventTypes, types))];
      if (rest.length > MAX_WANTED) rest = await this.#oldest(inbox, rest, limit);
    }
    return { touched: [...new Set([...always, ...rest])], untouched };
  }

  async #query(
    inbox: Inbox,
    now: Timestamp,
    ranges: readonly Range[],
    { woken, events }: { readonly woken: number; readonly events: number },
  ): Promise<string[]> {
    const [firsts, befores] = [ranges.map(({ first }) => first), ranges.map(({ before }) => before)];
    const bounds = [perRange(ranges), woken, events];
    const parameters = [inbox.id, inbox.organizationId, now, firsts, befores, ...bounds];
    return typesOf(await this.#database.query('waiting-types', parameters, { idempotent: true }));
  }

  /** Returns the types of the oldest messages. */
  async #oldest(inbox: Inbox, types: readonly string[], limit: number): Promise<string[]> {
    const parameters = [inbox.id, inbox.organizationId, [...new Set(types)], limit];
    return typesOf(await this.#database.query('oldest-types', parameters, { idempotent: true }));
  }

  async #matching(inbox: Inbox, patterns: readonly string[], types: readonly string[]): Promise<string[]> {
    const answers = await this.#matcher.match(inbox.organizationId, patterns, types);
    return [...answers].filter(([, isMatch]) => isMatch).map(([type]) => type);
  }

  async #untouched(
    inbox: Inbox,
    eventTypes: readonly string[],
    types: readonly string[],
  ): Promise<WantedTypes['untouched']> {
    const inboxWants = new Set(await this.#matching(inbox, inbox.eventTypes, types));
    const wanted = new Set(await this.#matching(inbox, eventTypes, [...inboxWants]));
    return {
      wanted: [...wanted],
      passed: [...inboxWants].filter((type) => !wanted.has(type)),
      unwanted: types.filter((type) => !inboxWants.has(type)),
    };
  }
}

function perRange(ranges: readonly Range[]): number {
  return Math.ceil(TYPES_PER_QUERY / Math.max(1, ranges.length));
}

/**
 * The remainders of ranges for which a query returned its maximum number of types. The result may include types of
 * other ranges.
 */
function restOf(ranges: readonly Range[], found: readonly string[]): Range[] {
  const types = found.toSorted();
  const size = perRange(ranges);
  return ranges.flatMap(({ first, before }) => {
    const last = types.filter((type) => type >= first && type < before)[size - 1];
    return last === undefined ? [] : [{ first: last + AFTER_TYPE, before }];
  });
}

function typesOf(rows: readonly Row[]): string[] {
  return rows.map((row) => text<string>(row, 'type'));
}
