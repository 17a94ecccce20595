/** What a reviver is told besides (ES2026, JSON.parse source text access); not in the types yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

interface ExactJson {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(text: string): unknown;
}

const { parse, rawJSON } = JSON as unknown as ExactJson;

/** `JSON.parse`, but a number that a double can't hold keeps its digits when it is printed again. */
export function exactJson(text: string): unknown {
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value,
  );
}
