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

/** A column that holds JSON which this engine wrote itself. */
export function json<Value>(row: Row, column: string): Value {
  return JSON.parse(text(row, column)) as Value;
}
