/** Optional fields of an event, with the names of the service. */
interface EventOptions {
  /**
   * Identifies the occurrence: an event sent again with the same id is stored once. Without one, the client creates one for its
   * own retries.
   */
  readonly dedup_id?: string;
  readonly ordering_key?: string;
  /** ISO 8601, at most 30 days in the future. */
  readonly deliver_at?: string;
}

export type EventToSend =
  | ({ readonly type: string; readonly data: unknown } & EventOptions)
  /** `rawData` is JSON text that is sent unchanged, so that integers above 2^53 keep their digits. */
  | ({ readonly type: string; readonly rawData: string } & EventOptions)
  /** The whole event as JSON text, such as a line of an NDJSON file. */
  | { readonly json: string };

export interface Prepared {
  /** One line. */
  readonly text: string;
  /** True if the client created the dedup id. A duplicate is then the same event, from a try whose answer was lost. */
  readonly ownId: boolean;
}

/** Prints an event as one line of JSON, with a dedup id. */
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

/** @returns undefined if the text is not an object; the service then reports the error */
function fieldsOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON contains raw line ends only between tokens. */
function oneLine(json: string): string {
  return json.replace(/[\r\n]+/g, ' ');
}
