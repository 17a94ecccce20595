import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { boundText, type Claim, type Distribution, type Finding, figure, holds } from './support/claims.ts';
import { latencyPlot, ratioPlot } from './support/plots.ts';
import { median } from './support/raw-load.ts';

/**
 * `npm run bench:all`: every claim against its floor, on both engines, one after another on an otherwise quiet machine.
 * Writes `bench/results.md` with plots beside it, and says which claims hold. `--short` takes some minutes instead of
 * half an hour; `--only ingest,ndjson` runs those alone (and writes nothing).
 */
interface Run {
  readonly file: string;
  readonly long: readonly string[];
  readonly short: readonly string[];
  readonly engines: readonly ('embedded' | 'distributed')[];
}

const BOTH = ['embedded', 'distributed'] as const;
const RUNS: readonly Run[] = [
  { file: 'ingest', long: ['7', '3000'], short: ['3', '1500'], engines: BOTH },
  { file: 'log-cost', long: ['12', '1500'], short: ['6', '1000'], engines: ['embedded'] },
  { file: 'intake', long: ['7'], short: ['3'], engines: ['distributed'] },
  { file: 'latency', long: ['1000', '20'], short: ['1000', '6'], engines: BOTH },
  { file: 'ndjson', long: ['5', '100000'], short: ['2', '30000'], engines: BOTH },
  { file: 'fan-out', long: ['10000', '7'], short: ['10000', '3'], engines: ['embedded'] },
  { file: 'sender', long: ['7', '1000'], short: ['3', '500'], engines: ['embedded'] },
  { file: 'deliver', long: ['5', '10000'], short: ['2', '4000'], engines: BOTH },
  { file: 'inbox', long: ['5', '10000'], short: ['2', '4000'], engines: BOTH },
  { file: 'persist', long: ['100000'], short: ['20000'], engines: ['distributed'] },
  { file: 'lists', long: ['1000000', '20'], short: ['50000', '5'], engines: BOTH },
  { file: 'growth', long: ['1000000'], short: ['100000'], engines: BOTH },
  { file: 'backlog', long: ['1000000'], short: ['50000'], engines: ['embedded'] },
  { file: 'isolation', long: ['5000', '100', '20'], short: ['500', '50', '5'], engines: BOTH },
  { file: 'idle', long: ['20'], short: ['5'], engines: BOTH },
];

const { values: options } = parseArgs({ options: { short: { type: 'boolean' }, only: { type: 'string' } } });
const only = options.only?.split(',');
const claims: Claim[] = [];
const distributions: Distribution[] = [];
const failed: string[] = [];

const runs = RUNS.filter(({ file }) => only === undefined || only.includes(file)).flatMap((run) =>
  run.engines.map((engine) => ({ ...run, engine })),
);
let at = 0;
for (const { file, long, short, engine } of runs) {
  console.log(`\n[${++at}/${runs.length}] ${file} ${engine}`);
  const child = fork(join(import.meta.dirname, `${file}.ts`), [...(options.short ? short : long), engine]);
  collect(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) failed.push(`${file} ${engine}`);
}

console.log('');
for (const one of claims) {
  const word = holds(one) ? '\x1b[32m✓\x1b[0m' : '\x1b[31m✗\x1b[0m';
  console.log(
    `${word} ${one.name} · ${one.engine}: ${figure(median(one.values))} ${one.unit} (${boundText(one.bound)})`,
  );
}
for (const name of failed) console.log(`\x1b[31m✗\x1b[0m ${name} did not come to its end`);
if (only === undefined) write();
process.exitCode = failed.length === 0 ? 0 : 1;

function collect(child: ChildProcess): void {
  child.on('message', (message) => {
    const finding = message as Finding;
    if ('claim' in finding) claims.push(finding.claim);
    else if ('distribution' in finding) distributions.push(finding.distribution);
  });
}

function write(): void {
  const folder = join(import.meta.dirname, 'plots');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ratios.svg'), ratioPlot(claims));
  writeFileSync(join(folder, 'latencies.svg'), latencyPlot(distributions));
  writeFileSync(join(import.meta.dirname, 'results.md'), page());
  console.log('\nWritten: bench/results.md');
}

function page(): string {
  const held = claims.filter(holds).length;
  const rows = claims.map(
    (one) =>
      `| ${holds(one) ? 'holds' : '**missed**'} | ${one.name} | ${one.engine} | ${figure(median(one.values))} | ${figure(Math.min(...one.values))}–${figure(Math.max(...one.values))} | ${boundText(one.bound)} | ${one.unit} |`,
  );
  return `# What was measured

Made by \`npm run bench:all${options.short ? ' -- --short' : ''}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}.
Load, receiver, servers and service share these cores. Ratios are to a bare floor in the same round, for absolute figures move by a
factor of two on a shared machine. ${held} of ${claims.length} claims hold${failed.length === 0 ? '' : `; did not come to their end: ${failed.join(', ')}`}. What bounds the rest: [performance](../docs/decisions/performance.md).

![Ratios: dot = median, line = spread over the rounds, mark = target](plots/ratios.svg)

| | what | engine | median | spread | target | unit |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

## Latencies

Sent at a fixed rate whether or not earlier ones were answered (open loop): a late client's wait counts. Every value counts; none is put
into a bucket.

![Latency over the share of events](plots/latencies.svg)
`;
}
