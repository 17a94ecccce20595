import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '../test/support/postgres-server.ts';
import { findLeaks } from './leaks.ts';

/** Files of these folders need a PostgreSQL: one for all of them, each test with a database of its own. */
const WITH_POSTGRES = /^test\/(conformance|distributed|faults|postgres)\//;

/** `npm test`, or `npm test -- FILE|FOLDER… [options of node --test]`: node's own runner over the test files. */

const ROOT = join(import.meta.dirname, '..');
/** More starve each other on a machine of two cores: tests here start servers and measure times. */
const CONCURRENCY = 2;
/** Longer than any test takes; one that hangs fails with its name. */
const TIMEOUT_MS = 120_000;

/** Tests stand in files that end in `.test.ts`; a folder means all below it. */
function testFiles(wanted: readonly string[]): string[] {
  const paths = wanted.length === 0 ? ['test'] : wanted;
  const files = paths.flatMap((path) =>
    isFolder(path) ? globSync(join(path, '**/*.test.ts'), { cwd: ROOT }) : [path],
  );
  return [...new Set(files)].sort();
}

function isFolder(path: string): boolean {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A tree of all tests for people; for a log the failures and node's closing counts (`# tests 12`, `# pass 12`). */
function reporter(): string {
  return process.stdout.isTTY === true ? 'spec' : join(ROOT, 'scripts/compact-reporter.ts');
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const options = args.filter((arg) => arg.startsWith('-'));
  const files = testFiles(args.filter((arg) => !arg.startsWith('-')));
  if (files.length === 0) {
    process.stderr.write('There is no test file there: tests stand in test/ and end in .test.ts.\n');
    process.exitCode = 1;
    return;
  }
  const logFolder = mkdtempSync(join(tmpdir(), 'triggers-test-logs-'));
  const postgres = files.some((file) => WITH_POSTGRES.test(file)) ? await PostgresServer.start() : undefined;
  const child = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${CONCURRENCY}`,
      `--test-timeout=${TIMEOUT_MS}`,
      `--test-reporter=${reporter()}`,
      ...options,
      ...files,
    ],
    // Tests give every setting themselves: what the developer's shell has must not change them.
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_ENV: 'test',
        TEST_LOG_FOLDER: logFolder,
        ...(postgres === undefined ? {} : { TEST_POSTGRES_URL: postgres.url() }),
      },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  await postgres?.stop();
  process.exitCode = code ?? 1;
  const leaks = findLeaks(logFolder);
  if (leaks.length > 0) {
    process.stderr.write(`\nFAILED payloads or secrets were logged (the files are left there):\n${leaks.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  rmSync(logFolder, { recursive: true, force: true });
}

await main();
