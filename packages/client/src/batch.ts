import { backoffMs, pause } from './backoff.ts';
import { type EventToSend, type Prepared, prepare } from './events.ts';
import type { CallOptions, Http } from './http.ts';

/** The result of one event of a batch. */
export type BatchResult =
  | { readonly index: number; readonly status: 'accepted' | 'duplicate'; readonly id: string }
  | {
      readonly index: number;
      readonly status: 'rejected';
      readonly error: { readonly code: string; readonly detail: string };
    };

/** The bounds of the service for one request. */
const MAX_ITEMS = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_TRIES = 6;
/** Codes of temporary refusals. */
const PASSING: ReadonlySet<string> = new Set(['rate_limited', 'backlog_full', 'unavailable']);

/** Sends any number of events in groups, with one group in memory. Results are in the order of the events. */
export async function* sendInGroups(
  http: Http,
  events: Iterable<EventToSend> | AsyncIterable<EventToSend>,
  options: CallOptions,
): AsyncGenerator<BatchResult, void> {
  let index = 0;
  for await (const group of groupsOf(events)) {
    for (const result of await sendGroup(http, group, options)) yield { ...result, index: index++ };
  }
}

async function* groupsOf(events: Iterable<EventToSend> | AsyncIterable<EventToSend>): AsyncGenerator<Prepared[], void> {
  const encoder = new TextEncoder();
  let group: Prepared[] = [];
  let bytes = 0;
  for await (const event of events) {
    const prepared = prepare(event);
    const more = encoder.encode(prepared.text).length + 1;
    if (group.length > 0 && (group.length === MAX_ITEMS || bytes + more > MAX_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(prepared);
    bytes += more;
  }
  if (group.length > 0) yield group;
}

/** Sends a group, and retries temporarily refused events with the same dedup ids. */
async function sendGroup(http: Http, group: readonly Prepared[], options: CallOptions): Promise<BatchResult[]> {
  const results: BatchResult[] = [];
  let open = group.map((_, place) => place);
  for (let tries = 1; ; tries++) {
    const answers = await sendOnce(
      http,
      open.flatMap((place) => group[place] ?? []),
      options,
    );
    open = open.filter((place, n) => {
      const result = answers[n];
      if (result === undefined) return false;
      const own = result.status === 'duplicate' && group[place]?.ownId === true;
      results[place] = own ? { ...result, status: 'accepted' } : result;
      return result.status === 'rejected' && PASSING.has(result.error.code);
    });
    if (open.length === 0 || tries >= MAX_TRIES) return results;
    await pause(backoffMs(tries, null), options.signal);
  }
}

/** Sends NDJSON: lines are independent, even a line that is not JSON. */
async function sendOnce(http: Http, group: readonly Prepared[], options: CallOptions): Promise<BatchResult[]> {
  const answer = await http.text('POST', '/api/events/batch', {
    ...options,
    text: `${group.map(({ text }) => text).join('\n')}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
    repeatable: true,
  });
  const lines = answer.split('\n').filter((line) => line !== '');
  // The last one is the summary.
  return lines.slice(0, group.length).map((line) => http.parse<BatchResult>(line));
}
