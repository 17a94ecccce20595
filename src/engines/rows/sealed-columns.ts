import { isSealed, type SecretBox } from '../../core/administration/secret-box.ts';
import { type Row, text, textOrNull } from './row.ts';

/** Tables in which secrets stand. */
export type SealedTable = 'endpoints' | 'inbox_notifications';

interface Rule {
  readonly idColumn: string;
  /** Which columns, and of which texts: what holds no secret stays readable for who looks into the database. */
  readonly columns: Readonly<Record<string, (text: string) => boolean>>;
}

const ALWAYS = (): boolean => true;

const RULES: Readonly<Record<SealedTable, Rule>> = {
  endpoints: {
    idColumn: 'id',
    columns: {
      secret: ALWAYS,
      previous_secret: ALWAYS,
      // `Authorization` and the like.
      headers: (text) => text !== '{}',
      // Ed25519 keys and the keys of client certificates.
      options: (text) => /"(?:signingKey|key)":"/.test(text),
    },
  },
  inbox_notifications: { idColumn: 'inbox_id', columns: { secret: ALWAYS } },
};

export const SEALED_TABLES: readonly SealedTable[] = ['endpoints', 'inbox_notifications'];

export function idColumnOf(table: SealedTable): string {
  return RULES[table].idColumn;
}

export function sealedColumnsOf(table: SealedTable): readonly string[] {
  return Object.keys(RULES[table].columns);
}

/** One text for the record. */
export function sealColumn(box: SecretBox, place: { table: SealedTable; column: string; id: string }, text: string) {
  const isSecret = RULES[place.table].columns[place.column];
  return isSecret?.(text) === true ? box.seal(text, nameOf(place)) : text;
}

/** One text of the record. Throws `UnreadableSecret`. */
export function openColumn(box: SecretBox, table: SealedTable, column: string, row: Row): string {
  return box.open(text(row, column), nameOf({ table, column, id: text(row, RULES[table].idColumn) }));
}

export function openColumnOrNull(box: SecretBox, table: SealedTable, column: string, row: Row): string | null {
  return textOrNull(row, column) === null ? null : openColumn(box, table, column, row);
}

/** The row with its secrets in plain text: for copying a record. Throws `UnreadableSecret`. */
export function openRow<Columns extends Row>(box: SecretBox, table: string, row: Columns): Columns {
  if (!hasSecrets(table)) return row;
  const opened = Object.keys(RULES[table].columns).map((column) => [column, openColumnOrNull(box, table, column, row)]);
  return { ...row, ...Object.fromEntries(opened) };
}

/** The row as it is stored. @returns the same row where all is as it would be stored now */
export function sealRow<Columns extends Row>(box: SecretBox, table: string, row: Columns): Columns {
  if (!hasSecrets(table)) return row;
  const id = text(row, RULES[table].idColumn);
  const changed: Record<string, string> = {};
  for (const column of Object.keys(RULES[table].columns)) {
    const value = textOrNull(row, column);
    if (value === null) continue;
    const sealed = sealColumn(box, { table, column, id }, value);
    if (sealed !== value) changed[column] = sealed;
  }
  return Object.keys(changed).length === 0 ? row : { ...row, ...changed };
}

/** The row encrypted with the key that encrypts now; undefined where it is. Throws `UnreadableSecret`. */
export function resealRow(box: SecretBox, table: SealedTable, row: Row): Row | undefined {
  const isDue = Object.entries(RULES[table].columns).some(([column, isSecret]) => {
    const value = textOrNull<string>(row, column);
    return value !== null && (isSealed(value) || isSecret(value)) && box.isOutdated(value);
  });
  return isDue ? sealRow(box, table, openRow(box, table, row)) : undefined;
}

function hasSecrets(table: string): table is SealedTable {
  return table in RULES;
}

function nameOf({ table, column, id }: { table: SealedTable; column: string; id: string }): string {
  return `${table}.${column} of ${id}`;
}
