import { dataBytes } from '../../../core/page-bytes.ts';
import type { Row } from '../../rows/row.ts';

/** The values of rows up to the one with which their data come to `maxBytes`; the rest is not read. */
export function readPage<Value extends { readonly data: string }>(
  rows: Iterable<Row>,
  fromRow: (row: Row) => Value,
  maxBytes: number,
): Value[] {
  const page: Value[] = [];
  let bytes = 0;
  for (const row of rows) {
    const value = fromRow(row);
    page.push(value);
    bytes += dataBytes(value);
    if (bytes >= maxBytes) break;
  }
  return page;
}
