import { parseArgs } from 'node:util';
import type { Environment } from '../app/settings.ts';

/** What the command line asks for. */
export type Command =
  /** `overrides` are settings that stand above the environment's. */
  | { readonly kind: 'serve'; readonly overrides: Environment }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** A sentence that says what to write instead. */
  | { readonly kind: 'mistake'; readonly sentence: string };

/** Each option and the setting it overrides. */
const OPTIONS = { port: 'PORT', host: 'HOST', 'data-dir': 'DATA_DIR' } as const;

export function readArguments(args: readonly string[]): Command {
  const overrides: Record<string, string> = {};
  let command: 'serve' | 'help' | 'version' = 'serve';
  for (const token of tokensOf(args)) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'option' && isOverride(token.name)) {
      if (!token.value) return mistake(`${token.rawName} needs a value, as in ${token.rawName}=VALUE.`);
      overrides[OPTIONS[token.name]] = token.value;
      continue;
    }
    const known = COMMANDS.get(token.kind === 'option' ? token.name : token.value);
    if (known === undefined) return mistake(unknown(token.kind === 'option' ? token.rawName : token.value));
    if (known !== 'serve') command = known;
  }
  return command === 'serve' ? { kind: 'serve', overrides } : { kind: command };
}

/** Not strict: node:util's own sentences tell nothing of `npm start --`. */
function tokensOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { port: text, host: text, 'data-dir': text, help: { type: 'boolean', short: 'h' } } as const;
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** Help and version as words and as options. */
const COMMANDS = new Map<string, 'serve' | 'help' | 'version'>([
  ['serve', 'serve'],
  ['help', 'help'],
  ['version', 'version'],
]);

function isOverride(name: string): name is keyof typeof OPTIONS {
  return Object.hasOwn(OPTIONS, name);
}

function mistake(sentence: string): Command {
  return { kind: 'mistake', sentence };
}

/** `npm start --port 9000` hands on only `9000`: npm takes options before `--` for its own. */
function unknown(word: string): string {
  const hint = word.startsWith('-')
    ? 'See `npm start -- --help`.'
    : 'Options follow two dashes: `npm start -- --port 9000`.';
  return `${JSON.stringify(word.slice(0, 60))} is neither an option nor a command. ${hint}`;
}
