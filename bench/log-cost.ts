import { numbersOf, startService } from './support/processes.ts';
import { median, rawLoad } from './support/raw-load.ts';

/**
 * What the lines of the log cost at default settings: 32 connections post events of 1 KB, in turn to a service that logs as
 * it does by default and to one that logs errors only. Which of the two goes first changes every round.
 */
const [ROUNDS = 8, DURATION_MS = 2_000] = numbersOf(process.argv.slice(2));
const MOST_PERCENT = 3;
const CONNECTIONS = 32;

const body = JSON.stringify({ type: 'bench.ingest', data: { text: 'x'.repeat(960) } });
const request = [
  'POST /api/events HTTP/1.1',
  'Host: localhost',
  'X-API-Key: test-api-key-change-in-prod',
  'Content-Type: application/json',
  `Content-Length: ${Buffer.byteLength(body)}`,
  '',
  body,
].join('\r\n');

const load = async (url: string, durationMs: number) => {
  const result = await rawLoad({
    url,
    connections: CONNECTIONS,
    durationMs,
    expectStatus: 202,
    requestOf: () => request,
  });
  if (result.unexpected > 0) throw new Error(`${result.unexpected} answers were not 202`);
  return result.perSecond;
};

const loud = await startService();
const quiet = await startService({ LOG_LEVEL: 'error' });
try {
  await load(loud.url, 1_500);
  await load(quiet.url, 1_500);
  const costs: number[] = [];
  console.log('round    LOG_LEVEL=error    LOG_LEVEL=info (default)      cost');
  for (let round = 1; round <= ROUNDS; round++) {
    const [first, second] = round % 2 === 0 ? [loud, quiet] : [quiet, loud];
    const rates = new Map([[first, await load(first.url, DURATION_MS)]]);
    rates.set(second, await load(second.url, DURATION_MS));
    const [without, withLines] = [rates.get(quiet) ?? 0, rates.get(loud) ?? 0];
    const cost = (1 - withLines / without) * 100;
    costs.push(cost);
    console.log(
      `${String(round).padStart(5)} ${without.toFixed(0).padStart(16)}/s ${withLines.toFixed(0).padStart(25)}/s ${cost.toFixed(1).padStart(9)} %`,
    );
  }
  const sorted = costs.toSorted((a, b) => a - b);
  const spread = `${sorted[0]?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)}`;
  console.log(`median cost ${median(costs).toFixed(1)} % (${spread}); target ≤ ${MOST_PERCENT} %`);
} finally {
  await Promise.all([loud.stop(), quiet.stop()]);
}
