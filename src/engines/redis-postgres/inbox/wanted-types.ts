import type { Inbox } from '../../../core/administration/inbox.ts';
import type { Timestamp } from '../../../core/time.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';
import { AFTER_ALL_TYPES, AFTER_TYPE, isOpen, typeRanges } from '../../../core/type-matching/type-ranges.ts';
import { type Row, text } from '../../rows/row.ts';
import type { Database } from '../database/index.ts';

/** As many as a lease looks at in one step (`max_events` and `max_woken` of lease_messages). */
const MAX_EVENTS = 1_000;
const MAX_WOKEN = 500;
/** Types of available messages that one query looks for, a probe each: some 20 ms. */
const TYPES_PER_QUERY = 2_000;
/** Wanted types that one lease is given, a range of an index each. */
const MAX_WANTED = 2_000;

/** What patterns mean for the types that are there: the database matches no patterns. */
export interface WantedTypes {
  /** For messages that have a row, whatever the inbox wants by now. Null = every type is wanted. */
  readonly touched: readonly string[] | null;
  /** For events that have none. Null = every type is wanted. */
  readonly untouched: {
    readonly wanted: readonly string[];
    /** The inbox wants them, this lease does not. */
    readonly passed: readonly string[];
    readonly unwanted: readonly string[];
  } | null;
}

/** Types that an inbox has available messages of, from one on. */
interface Range {
  readonly first: string;
  readonly before: string;
}

/** Finds out which types a lease may meet and what they mean for it, in bounded queries and in turns of the event loop. */
export class WantedTypesSearch {
  readonly #database: Database;
  readonly #matcher: TypeMatcher;

  constructor(parts: { database: Database; matcher: TypeMatcher }) {
    this.#database = parts.database;
    this.#matcher = parts.matcher;
  }

  /** @param request.limit how many messages are wanted: of types beyond `MAX_WANTED` only those with the oldest are */
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

  /** The oldest messages are of these types. */
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

/** What is left of ranges of which a query found as many types as it may. It may have found others in them besides. */
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
