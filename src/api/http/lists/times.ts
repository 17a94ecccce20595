import { parseTime, type Timestamp } from '../../../core/time.ts';
import { invalidField } from '../answers/index.ts';

/**
 * Reads a time. Throws `invalid_request`.
 * @param path the field
 */
export function readTime(path: string, text: string): Timestamp {
  const at = parseTime(text);
  if (at === undefined) throw invalidField(path, 'must be a time such as 2026-01-31T12:00:00.000Z');
  return at;
}

/** Reads a time range; null = no bound. Throws `invalid_request`, also if the end is before the start. */
export function readTimeRange(range: { readonly from?: string; readonly to?: string }): {
  readonly from: Timestamp | null;
  readonly to: Timestamp | null;
} {
  const from = range.from === undefined ? null : readTime('from', range.from);
  const to = range.to === undefined ? null : readTime('to', range.to);
  if (from !== null && to !== null && from > to) throw invalidField('from', 'must not be after to');
  return { from, to };
}
