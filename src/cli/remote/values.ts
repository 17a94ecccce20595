import { InvalidArgumentError } from 'commander';

/** Parses an option as a whole number of at least 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('The value must be a whole number of at least 1.');
  return Number(text);
}

export function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('The value must be a whole number of seconds.');
  return Number(text);
}

export function jsonText(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new InvalidArgumentError('The value must be JSON, in single quotes for the shell: \'{"id":1}\'.');
  }
}

/** Yields the first `count` items. */
export async function* take<Each>(rows: AsyncIterable<Each>, count: number): AsyncGenerator<Each, void> {
  let taken = 0;
  for await (const row of rows) {
    yield row;
    if (++taken >= count) return;
  }
}
