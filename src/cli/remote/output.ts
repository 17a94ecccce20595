import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command's results go: for people, or with `--json` one JSON value a line for programs. */
export class Output {
  readonly json: boolean;
  readonly #stream: NodeJS.WriteStream;
  readonly #colors: boolean;

  constructor(json: boolean, stream: NodeJS.WriteStream, colors: boolean) {
    this.json = json;
    this.#stream = stream;
    this.#colors = colors && stream.isTTY === true;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** @param text what people read instead of the value */
  result(value: unknown, text: string): void {
    this.#stream.write(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** For people only. */
  say(text: string): void {
    if (!this.json) this.#stream.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return this.#colors ? styleText(style, text, { validateStream: false }) : text;
  }

  status(status: string): string {
    return this.style(STATUS_STYLES[status] ?? 'reset', status);
  }

  /** Rows below each other, each column as wide as its longest cell. Colours count no width. */
  table(rows: readonly (readonly string[])[]): string {
    const plain = (cell: string) => cell.replace(ESCAPES, '').length;
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => plain(row[column] ?? '')))) ?? [];
    const line = (row: readonly string[]) =>
      row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - plain(cell)))).join('  ');
    return rows.map((row) => line(row).trimEnd()).join('\n');
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPES = /\x1b\[\d+m/g;

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
