import { type SecretBox, UnreadableSecret } from '../../../core/administration/secret-box.ts';
import { type Row, text } from '../../rows/row.ts';
import { idColumnOf, resealRow, SEALED_TABLES, type SealedTable } from '../../rows/sealed-columns.ts';

/** Rows of a step; 200 take some milliseconds. */
export const RENEWED_ROWS = 200;

/** What a step of `SecretRecord.renew` reads: rows of a table behind an id. */
export interface RenewalPlace {
  readonly table: SealedTable;
  /** Empty = from the first. */
  readonly afterId: string;
}

export function placeAfter(after: string | null): RenewalPlace {
  const [table = '', afterId = ''] = (after ?? '').split(' ');
  return { table: SEALED_TABLES.find((one) => one === table) ?? 'endpoints', afterId };
}

/** Which of the rows are to be written, and how it goes on. */
export function renewRows(box: SecretBox, { table }: RenewalPlace, rows: readonly Row[]) {
  const changed: Row[] = [];
  let unreadable = 0;
  for (const row of rows) {
    try {
      const renewed = resealRow(box, table, row);
      if (renewed !== undefined) changed.push(renewed);
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error;
      unreadable++;
    }
  }
  return { changed, step: { after: nextPlace(table, rows), renewed: changed.length, unreadable } };
}

function nextPlace(table: SealedTable, rows: readonly Row[]): string | null {
  const last = rows.at(-1);
  if (last !== undefined && rows.length === RENEWED_ROWS) return `${table} ${text(last, idColumnOf(table))}`;
  const next = SEALED_TABLES[SEALED_TABLES.indexOf(table) + 1];
  return next === undefined ? null : `${next} `;
}
