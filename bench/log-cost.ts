import { claim } from './support/claims.ts';
import { eventRequest } from './support/event-request.ts';
import { cpuSeconds } from './support/process-cost.ts';
import { numbersOf, type Running, startService } from './support/processes.ts';
import { rawLoad } from './support/raw-load.ts';

/**
 * What the lines of the log cost at default settings: 32 connections post events of 1 KB, in turn to a service that logs as
 * it does by default and to one that logs errors only. Which of the two goes first changes every round. Both rates are told, and
 * the processes' own CPU time an event, which others on the machine disturb less: with all else equal, throughput is its inverse.
 */
const [ROUNDS = 12, DURATION_MS = 1_500] = numbersOf(process.argv.slice(2));
const MOST_PERCENT = 3;
const CONNECTIONS = 32;

const request = eventRequest('bench.ingest', { text: 'x'.repeat(960) });

const load = async ({ url, pid }: Running, durationMs: number) => {
  const before = cpuSeconds(pid) * 1_000;
  const answered = await rawLoad({
    url,
    connections: CONNECTIONS,
    durationMs,
    expectStatus: 202,
    requestOf: () => request,
  });
  if (answered.unexpected > 0) throw new Error(`${answered.unexpected} answers were not 202`);
  const { perSecond } = answered;
  return {
    perSecond,
    cpuMicroseconds: ((cpuSeconds(pid) * 1_000 - before) * 1_000) / ((perSecond * durationMs) / 1_000),
  };
};

const loud = await startService();
const quiet = await startService({ LOG_LEVEL: 'error' });
try {
  await load(loud, 1_500);
  await load(quiet, 1_500);
  const costs: { rate: number; cpu: number }[] = [];
  console.log('round    LOG_LEVEL=error      info (default)    cost in rate    in CPU');
  for (let round = 1; round <= ROUNDS; round++) {
    const [first, second] = round % 2 === 0 ? [loud, quiet] : [quiet, loud];
    const a = await load(first, DURATION_MS);
    const b = await load(second, DURATION_MS);
    const [without, withLines] = first === quiet ? [a, b] : [b, a];
    const rate = (1 - withLines.perSecond / without.perSecond) * 100;
    const cpu = (1 - without.cpuMicroseconds / withLines.cpuMicroseconds) * 100;
    costs.push({ rate, cpu });
    const shown = [without, withLines].map(
      ({ perSecond, cpuMicroseconds }) => `${perSecond.toFixed(0)}/s ${cpuMicroseconds.toFixed(1)} µs`,
    );
    console.log(
      `${String(round).padStart(5)} ${shown.map((text) => text.padStart(18)).join(' ')} ${rate.toFixed(1).padStart(12)} % ${cpu.toFixed(1).padStart(8)} %`,
    );
  }
  const common = { engine: 'embedded', unit: '%', bound: { atMost: MOST_PERCENT } } as const;
  claim({ ...common, name: 'throughput that log lines cost', values: costs.map(({ rate }) => rate) });
  claim({ ...common, name: 'CPU that log lines cost', values: costs.map(({ cpu }) => cpu) });
} finally {
  await Promise.all([loud.stop(), quiet.stop()]);
}
