/** Besides what happened, as the service names it. */
interface EventOptions {
  /** Unique for what happened: sent again, it is the same event. Without one the client makes one for its own retries. */
  readonly dedup_id?: string;
  readonly ordering_key?: string;
  /** ISO 8601, at most 30 days ahead. */
  readonly deliver_at?: string;
}

export type EventToSend =
  | ({ readonly type: string; readonly data: unknown } & EventOptions)
  /** `rawData` is JSON text that is sent as it stands: integers above 2^53 keep their digits. */
  | ({ readonly type: string; readonly rawData: string } & EventOptions)
  /** The whole event as JSON text, as a line of an NDJSON file has it. */
  | { readonly json: string };

export interface Prepared {
  /** One line. */
  readonly text: string;
  /** A duplicate of an event with an own id is this event, sent by a try whose answer was lost. */
  readonly ownId: boolean;
}

/** The event as one line of JSON, with a dedup id. */
export function prepare(event: EventToSend): Prepared {
  if ('json' in event) return withDedupId(event.json);
  const ownId = event.dedup_id === undefined;
  const dedup_id = event.dedup_id ?? crypto.randomUUID();
  if (!('rawData' in event)) return { text: JSON.stringify({ ...event, dedup_id }), ownId };
  const { rawData, ...rest } = event;
  const head = JSON.stringify({ ...rest, dedup_id }).slice(0, -1);
  return { text: `${head},"data":${oneLine(rawData)}}`, ownId };
}

function withDedupId(json: string): Prepared {
  const text = oneLine(json).trim();
  const fields = fieldsOf(text);
  if (fields === undefined || 'dedup_id' in fields || Object.keys(fields).length === 0) return { text, ownId: false };
  return { text: `{"dedup_id":"${crypto.randomUUID()}",${text.slice(1)}`, ownId: true };
}

/** Undefined when it is no object: the service says what is wrong with it. */
function fieldsOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON has line ends between tokens only. */
function oneLine(json: string): string {
  return json.replace(/[\r\n]+/g, ' ');
}
