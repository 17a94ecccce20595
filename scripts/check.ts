import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { sourceFindings } from './source-rules.ts';

/** `npm run check`: everything that can be known without running the program. All steps side by side. */

const ROOT = join(import.meta.dirname, '..');
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
    name: 'rules of the house (scripts/source-rules.ts)',
    passed: findings.length === 0,
    output: `${findings.join('\n')}\n`,
    seconds: (performance.now() - since) / 1_000,
  };
}

function report({ name, passed, output }: Result): void {
  if (!passed) process.stdout.write(`\n--- ${name}\n${output}\n`);
}

function summary({ name, passed, seconds }: Result): string {
  const word = passed ? 'ok    ' : 'FAILED';
  return `${COLORS ? `\x1b[${passed ? 32 : 31}m${word}\x1b[0m` : word} ${name} ${seconds.toFixed(1)} s`;
}

const results = await Promise.all([...TOOLS.map(runTool), runSourceRules()]);
results.forEach(report);
process.stdout.write(`${results.map(summary).join('\n')}\n`);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
