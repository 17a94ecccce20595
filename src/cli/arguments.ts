import { parseArgs } from 'node:util';
import { type Environment, ROLES, type Role } from '../app/settings/index.ts';

/** A parsed command line. `overrides` are settings that take precedence over the environment. */
export type Command =
  | { readonly kind: 'run'; readonly role: Role; readonly processes: number; readonly overrides: Environment }
  /** Manages dead letters; no ids = all. */
  | { readonly kind: 'dead'; readonly action: DeadAction; readonly ids: readonly string[] }
  /** Copies the data of the embedded engine to PostgreSQL. */
  | { readonly kind: 'migrate-data'; readonly overrides: Environment }
  /** Checks whether the service can run here. */
  | { readonly kind: 'doctor'; readonly json: boolean; readonly overrides: Environment }
  /** Talks to a running service. `remote/program.ts` parses the arguments. */
  | { readonly kind: 'remote'; readonly args: readonly string[] }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** A sentence that says what to write instead. */
  | { readonly kind: 'mistake'; readonly sentence: string };

/** The commands of `remote/program.ts`. */
const REMOTE_COMMANDS = [
  'send',
  'listen',
  'events',
  'deliveries',
  'endpoints',
  'keys',
  'export',
  'bench',
  'completion',
] as const;

const DEAD_ACTIONS = ['list', 'requeue', 'drop'] as const;
export type DeadAction = (typeof DEAD_ACTIONS)[number];

/** Options with the settings that they override. */
const OVERRIDES = { port: 'PORT', host: 'HOST', 'data-dir': 'DATA_DIR' } as const;
const MAX_PROCESSES = 256;

interface Words {
  readonly positionals: string[];
  readonly overrides: Record<string, string>;
  processes: number | null;
  json: boolean;
}

export function readArguments(args: readonly string[]): Command {
  if (isRemote(args)) return { kind: 'remote', args };
  const words: Words = { positionals: [], overrides: {}, processes: null, json: false };
  for (const token of tokensOf(args)) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      if (token.value === 'help' || token.value === 'version') return { kind: token.value };
      words.positionals.push(token.value);
      continue;
    }
    if (token.name === 'help' || token.name === 'version') return { kind: token.name };
    if (token.name === 'json') {
      words.json = true;
      continue;
    }
    const mistaken = readOption(token, words);
    if (mistaken !== undefined) return mistaken;
  }
  return commandOf(words);
}

/** Whether the first word is a remote command. Of the options before it, only `--json` has no value. */
function isRemote(args: readonly string[]): boolean {
  let at = 0;
  while (/^--(url|api-key|json)\b/.test(args[at] ?? '')) at += /^--json$|=/.test(args[at] ?? '') ? 1 : 2;
  const word = args[at] === 'help' ? args[at + 1] : args[at];
  return REMOTE_COMMANDS.some((name) => name === word);
}

type Token = ReturnType<typeof tokensOf>[number];

function readOption(token: Extract<Token, { kind: 'option' }>, words: Words): Command | undefined {
  const { name, rawName, value } = token;
  if (name !== 'processes' && !isOverride(name)) return unknown(rawName);
  if (!value) return mistake(`${rawName} needs a value, as in ${rawName}=VALUE.`);
  if (isOverride(name)) {
    words.overrides[OVERRIDES[name]] = value;
    return undefined;
  }
  const processes = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (processes < 1 || processes > MAX_PROCESSES) {
    return mistake(`--processes must be a whole number from 1 to ${MAX_PROCESSES}, as in --processes 4.`);
  }
  words.processes = processes;
  return undefined;
}

function commandOf({ positionals, overrides, processes, json }: Words): Command {
  const [first = 'serve', ...rest] = positionals;
  if (json && first !== 'doctor') return mistake('--json is an option of doctor.');
  const role = ROLES.find((name) => name === first);
  if (role !== undefined) {
    return rest[0] === undefined ? { kind: 'run', role, processes: processes ?? 1, overrides } : unknown(rest[0]);
  }
  if (processes !== null) return mistake(`--processes is an option of ${ROLES.join(', ')}.`);
  if (first === 'doctor') return rest[0] === undefined ? { kind: 'doctor', json, overrides } : unknown(rest[0]);
  if (first === 'migrate-data') {
    return rest[0] === undefined ? { kind: 'migrate-data', overrides } : unknown(rest[0]);
  }
  if (first !== 'dead') return unknown(first);
  const [name = 'list', ...ids] = rest;
  const action = DEAD_ACTIONS.find((known) => known === name);
  if (action === undefined)
    return mistake(`"dead ${name}" is not a command: write dead list, dead requeue or dead drop.`);
  if (action === 'drop' && ids.length === 0) return mistake('dead drop needs ids, or the word all.');
  return { kind: 'dead', action, ids: ids.includes('all') ? [] : ids };
}

/** Not strict, because the error messages of node:util do not mention `npm start --`. */
function tokensOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    port: text,
    host: text,
    'data-dir': text,
    processes: text,
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function isOverride(name: string): name is keyof typeof OVERRIDES {
  return Object.hasOwn(OVERRIDES, name);
}

function mistake(sentence: string): Command {
  return { kind: 'mistake', sentence };
}

/** With `npm start --port 9000`, only `9000` arrives: npm parses options before `--` itself. */
function unknown(word: string): Command {
  const hint = word.startsWith('-')
    ? 'See `npm start -- --help`.'
    : 'Options follow two dashes: `npm start -- --port 9000`.';
  return mistake(`"${word}" is neither an option nor a command. ${hint}`);
}
