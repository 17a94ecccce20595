/** What a database gives back. The readers below turn columns into values; another kind than the schema's is a bug. */
export type Row = Readonly<Record<string, unknown>>;

export function text<Text extends string>(row: Row, column: string): Text {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`Column ${column} holds no text`);
  return value as Text;
}

export function textOrNull<Text extends string>(row: Row, column: string): Text | null {
  return row[column] === null ? null : text<Text>(row, column);
}

export function number<Value extends number>(row: Row, column: string): Value {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`Column ${column} holds no number`);
  return value as Value;
}

export function numberOrNull<Value extends number>(row: Row, column: string): Value | null {
  return row[column] === null ? null : number<Value>(row, column);
}

/** Shown instead of the fields of an audit entry whose row was damaged. */
export const UNREADABLE_FIELDS: readonly string[] = ['(unreadable)'];

/** A column that holds a list of texts as JSON. @returns null when it holds anything else, as of a row that was written by hand */
export function textsOrNull(row: Row, column: string): readonly string[] | null {
  try {
    const list: unknown = JSON.parse(text(row, column));
    return Array.isArray(list) && list.every((value) => typeof value === 'string') ? list : null;
  } catch {
    return null;
  }
}

/** A column that holds JSON which this engine wrote itself. */
export function json<Value>(row: Row, column: string): Value {
  return JSON.parse(text(row, column)) as Value;
}
