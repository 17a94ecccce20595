import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { sourceFindings } from './source-rules.ts';

/** `npm run check`: everything that can be known without running the program. All steps side by side. */

const ROOT = join(import.meta.dirname, '..');
const SOURCE_RULES = 'rules of the house (scripts/source-rules.ts)';
const COLORS = process.stdout.isTTY === true && !process.env['NO_COLOR'];

interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Each by its own file: what stands in node_modules/.bin may be another TypeScript (docs/decisions/dependencies.md). */
const TOOLS: readonly (readonly [string, readonly string[]])[] = [
  ['format and lint (biome)', ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...color('--colors=force')]],
  ['types (tsc 7)', ['ts7/bin/tsc', ...color('--pretty')]],
  ['types of the dashboard (tsc 7)', ['ts7/bin/tsc', '--project', 'dashboard', ...color('--pretty')]],
  [
    'import rules (dependency-cruiser)',
    [
      'dependency-cruiser/bin/dependency-cruiser.mjs',
      'src',
      'test',
      'bench',
      'scripts',
      'packages',
      'dashboard/src',
      '--output-type',
      'err',
    ],
  ],
  ['dead code (knip)', ['knip/bin/knip.js', '--no-progress']],
];

function color(flag: string): string[] {
  return COLORS ? [flag] : [];
}

function runTool([name, [file = '', ...args]]: (typeof TOOLS)[number]): Promise<Result> {
  const since = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', file), ...args], { cwd: ROOT });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ name, passed: code === 0, output, seconds: (performance.now() - since) / 1_000 });
    });
  });
}

function runSourceRules(): Result {
  const since = performance.now();
  const findings = sourceFindings(ROOT);
  return {
    name: SOURCE_RULES,
    passed: findings.length === 0,
    output: `${findings.join('\n')}\n`,
    seconds: (performance.now() - since) / 1_000,
  };
}

/** What failed, in full, as soon as it is known; a line for each that ended. */
function report({ name, passed, output, seconds }: Result): void {
  const word = passed ? 'ok    ' : 'FAILED';
  const line = `${COLORS ? `\x1b[${passed ? 32 : 31}m${word}\x1b[0m` : word} ${name} ${seconds.toFixed(1)} s`;
  process.stdout.write(passed ? `${line}\n` : `\n--- ${name}\n${output}\n${line}\n`);
}

/** On a terminal the last line says what still runs. @returns ends it */
function showRunning(names: ReadonlySet<string>, since: number): { clear(): void; end(): void } {
  const clear = () => void process.stdout.write('\r\x1b[K');
  if (process.stdout.isTTY !== true) return { clear: () => {}, end: () => {} };
  const draw = () => {
    const seconds = Math.floor((performance.now() - since) / 1_000);
    const text = `${seconds} s: ${[...names].join(', ')}`;
    clear();
    process.stdout.write(text.slice(0, Math.max(0, (process.stdout.columns || 80) - 1)));
  };
  const timer = setInterval(draw, 200);
  return {
    clear,
    end: () => {
      clearInterval(timer);
      clear();
    },
  };
}

const since = performance.now();
const running = new Set(TOOLS.map(([name]) => name));
process.stdout.write(`checking: ${[...running].join(', ')}, ${SOURCE_RULES}\n`);
const shown = showRunning(running, since);
const tools = TOOLS.map(async (tool) => {
  const result = await runTool(tool);
  running.delete(result.name);
  shown.clear();
  report(result);
  return result;
});
const rules = runSourceRules();
report(rules);
const results = [rules, ...(await Promise.all(tools))];
shown.end();
process.stdout.write(`all in ${((performance.now() - since) / 1_000).toFixed(1)} s\n`);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
