import { scanJson, textOf } from '../../core/json/json-scan.ts';

/** The third argument of a reviver (ES2026, JSON.parse source text access), which the types do not have yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

interface ExactJson {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): unknown;
}

const { parse, rawJSON } = JSON as unknown as ExactJson;

const RAW_DATA = Symbol('the text of `data` as it came');

/** `JSON.parse` that keeps the digits of numbers that a double cannot hold, and the text of an event's `data` (`rawData`). */
export function exactJson(text: string): unknown {
  const value = parse(text, (_key, member, { source }) =>
    typeof member === 'number' && source !== undefined && String(member) !== source ? rawJSON(source) : member,
  );
  if (typeof value !== 'object' || value === null || !('type' in value && 'data' in value)) return value;
  const bytes = Buffer.from(text);
  const scan = scanJson(bytes);
  const span = scan.kind === 'object' ? scan.members.find(({ key }) => key === 'data') : undefined;
  return span === undefined ? value : Object.defineProperty(value, RAW_DATA, { value: textOf(bytes, span) });
}

/** The original text of `data` of an event that is the whole answer; undefined for events in lists. */
export function rawData(event: object): string | undefined {
  return (event as { readonly [RAW_DATA]?: string })[RAW_DATA];
}
