import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { PostgresServer } from '../test/support/postgres-server.ts';
import { changedTestFiles } from './changed-tests.ts';
import compactReporter from './compact-reporter.ts';
import { findLeaks } from './leaks.ts';

/**
 * `npm test`, or `npm test -- FILE|FOLDER… [--test-name-pattern=…]`: node's own runner over the test files.
 * `npm test -- --changed[=COMMIT]`: those that a change since HEAD, or a commit, can touch.
 */

/** Files of these folders need a PostgreSQL: one for all of them, each test with a database of its own. */
const WITH_POSTGRES = /^test\/(conformance|distributed|faults|postgres)\//;
const ROOT = join(import.meta.dirname, '..');
/** Twice CI's cores: many files wait for leases and time-outs most of the time (13 minutes of CPU in all took two cores 13). */
const CONCURRENCY = 4;
/** Longer than any test takes; one that hangs fails with its name. */
const TIMEOUT_MS = 600_000;
/** Those that take longest go first, or the last of them runs alone at the end. */
const LONGEST = [
  'test/conformance/distributed.test.ts',
  'test/dashboard/pages.test.ts',
  'test/distributed/crash.test.ts',
  'test/faults/distributed.test.ts',
  'test/distributed/operating.test.ts',
  'test/postgres/inbox-costs.test.ts',
  'test/faults/crash.test.ts',
  'test/distributed/order.test.ts',
  'test/package/server-package.test.ts',
  'test/distributed/every-request.test.ts',
  'test/conformance/sqlite.test.ts',
  'test/api/fast-path.test.ts',
  'test/api/bad-connections.test.ts',
  'test/postgres/plans.test.ts',
  'test/distributed/documents.test.ts',
  'test/distributed/stream.test.ts',
  'test/redis/connection.test.ts',
];

/** Tests stand in files that end in `.test.ts`; a folder means all below it. */
function testFiles(wanted: readonly string[]): string[] {
  const paths = wanted.length === 0 ? ['test'] : wanted;
  const files = paths.flatMap((path) =>
    isFolder(path) ? globSync(join(path, '**/*.test.ts'), { cwd: ROOT }) : [path],
  );
  const places = new Map(LONGEST.map((file, at) => [file, at]));
  const place = (file: string) => places.get(file) ?? LONGEST.length;
  return [...new Set(files)].sort().toSorted((a, b) => place(a) - place(b));
}

function isFolder(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Runs the files. @returns whether all passed */
async function runTests(files: readonly string[], namePatterns: readonly string[]): Promise<boolean> {
  let passed = true;
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  const tests = run({
    cwd: ROOT,
    files: files.map((file) => join(ROOT, file)),
    concurrency: CONCURRENCY,
    timeout: TIMEOUT_MS,
    signal: interrupted.signal,
    ...(namePatterns.length === 0 ? {} : { testNamePatterns: namePatterns }),
  });
  tests.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) passed = false;
  });
  // A tree of all tests for people; for a log the failures and node's closing counts (`# tests 12`, `# pass 12`, …).
  const report = process.stdout.isTTY === true ? tests.compose(new spec()) : tests.compose(compactReporter);
  for await (const text of report) process.stdout.write(String(text));
  return passed && !interrupted.signal.aborted;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    // Without a value it is the last commit.
    args: process.argv.slice(2).map((arg) => (arg === '--changed' ? '--changed=HEAD' : arg)),
    options: {
      changed: { type: 'string' },
      'test-name-pattern': { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.changed !== undefined) {
    positionals.push(...changedTestFiles(ROOT, values.changed));
    process.stdout.write(`${positionals.length} test files can be touched by what changed since ${values.changed}\n`);
    if (positionals.length === 0) return;
  }
  const files = testFiles(positionals);
  if (files.length === 0) {
    process.stderr.write('There is no test file there: tests stand in test/ and end in .test.ts.\n');
    process.exitCode = 1;
    return;
  }
  const logFolder = mkdtempSync(join(tmpdir(), 'triggers-test-logs-'));
  const postgres = files.some((file) => WITH_POSTGRES.test(file)) ? await PostgresServer.start() : undefined;
  // Tests give every setting themselves: what the developer's shell has must not change them.
  process.env['NODE_ENV'] = 'test';
  process.env['TEST_LOG_FOLDER'] = logFolder;
  if (postgres !== undefined) process.env['TEST_POSTGRES_URL'] = postgres.url();
  const passed = await runTests(files, values['test-name-pattern']);
  await postgres?.stop();
  process.exitCode = passed ? 0 : 1;
  const leaks = findLeaks(logFolder);
  if (leaks.length > 0) {
    process.stderr.write(`\nFAILED payloads or secrets were logged (the files are left there):\n${leaks.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  rmSync(logFolder, { recursive: true, force: true });
}

await main();
