import { parseExactJson } from '../../core/exact-json.ts';
import { json, type Row, text } from './row.ts';

/**
 * A column that holds JSON with a `filter` in it. Numbers of the filter keep every digit (`parseExactJson`), and no other
 * number does: as an exact number, which is an object, a duration passed for a number nowhere.
 */
export function jsonWithExactFilter<Value extends { readonly filter?: unknown }>(row: Row, column: string): Value {
  const value = json<Value>(row, column);
  if (typeof value !== 'object' || value === null) throw new TypeError(`Column ${column} holds no JSON object`);
  if (value.filter === null || value.filter === undefined) return value;
  return { ...value, filter: (parseExactJson(text(row, column)) as Value).filter };
}
