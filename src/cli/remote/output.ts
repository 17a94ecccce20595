import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { printable } from '../printable.ts';

type Style = 'reset' | 'bold' | 'dim' | 'cyan' | 'green' | 'yellow' | 'red';

/**
 * Prints the results of a command, for people or with `--json` as one JSON value a line. Printed text comes from others
 * (events, answers of receivers, problems), so it is made safe for the terminal; only the colors added here act on it.
 */
export class Output {
  readonly json: boolean;
  readonly #stream: NodeJS.WriteStream;
  readonly #colors: boolean;
  /** Marks the program's own colors until they are printed. Text of others cannot contain this random mark. */
  readonly #mark = randomBytes(8).toString('hex');
  readonly #marked = new RegExp(`<${this.#mark}:(\\d+)>`, 'g');

  constructor(json: boolean, stream: NodeJS.WriteStream, colors: boolean) {
    this.json = json;
    this.#stream = stream;
    this.#colors = colors && stream.isTTY === true;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** @param text the text for people */
  result(value: unknown, text: string): void {
    this.#stream.write(`${this.json ? printable(JSON.stringify(value)) : this.#shown(text)}\n`);
  }

  /** Prints only for people. */
  say(text: string): void {
    if (!this.json) this.#stream.write(`${this.#shown(text)}\n`);
  }

  style(style: Style, text: string): string {
    if (!this.#colors) return text;
    const [on, off] = inspect.colors[style] ?? [0, 0];
    return `<${this.#mark}:${on}>${text}<${this.#mark}:${off}>`;
  }

  status(status: string): string {
    return this.style(STATUS_STYLES[status] ?? 'reset', status);
  }

  /** Formats rows as a table. Each column is as wide as its longest cell, without counting colors. */
  table(rows: readonly (readonly string[])[]): string {
    const plain = (cell: string) => printable(cell.replace(this.#marked, '')).length;
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => plain(row[column] ?? '')))) ?? [];
    const line = (row: readonly string[]) =>
      row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - plain(cell)))).join('  ');
    return rows.map((row) => line(row).trimEnd()).join('\n');
  }

  #shown(text: string): string {
    return printable(text).replace(this.#marked, '\x1b[$1m');
  }
}

const STATUS_STYLES: Readonly<Record<string, Style>> = {
  accepted: 'green',
  delivered: 'green',
  active: 'green',
  duplicate: 'yellow',
  pending: 'yellow',
  retrying: 'yellow',
  paused: 'yellow',
  skipped: 'dim',
  canceled: 'dim',
  rejected: 'red',
  failed: 'red',
  disabled: 'red',
};
