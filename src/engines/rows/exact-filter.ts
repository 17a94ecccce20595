import { parseExactJson } from '../../core/json/exact-json.ts';

/**
 * Reads JSON with a `filter` in it. Numbers of the filter keep every digit (`parseExactJson`), and no other number does: as
 * an exact number, which is an object, a duration passed for a number nowhere. Throws for what is no JSON object.
 */
export function withExactFilter<Value extends { readonly filter?: unknown }>(text: string): Value {
  const value = JSON.parse(text) as Value;
  if (typeof value !== 'object' || value === null) throw new TypeError('No JSON object');
  if (value.filter === null || value.filter === undefined) return value;
  return { ...value, filter: (parseExactJson(text) as Value).filter };
}
