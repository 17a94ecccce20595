import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Finding } from '../../ports/finding.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import { EngineUnavailable } from '../../ports/unavailable.ts';
import { type Row, text } from '../rows/row.ts';
import { readStatements } from '../stores/statements/index.ts';
import { unsafeSettings, withServer } from './database/index.ts';
import { checkRedis, Redis } from './redis/index.ts';

/**
 * A larger clock difference is reported. Leases use PostgreSQL's clock and are not affected, but logs of two machines
 * become hard to compare.
 */
const MAX_CLOCK_DIFFERENCE_MS: Milliseconds = 1_000;
/** A slower answer is reported, because every accepted event waits for one round trip. */
const SLOW_ANSWER_MS: Milliseconds = 5;
const MEASUREMENTS = 5;

/** Checks both servers without changing anything in them. */
export async function inspectServers(args: {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly databaseUrl: string;
  readonly clock: Clock;
}): Promise<readonly Finding[]> {
  const findings = await Promise.all([
    guarded('Redis', () => inspectRedis(args)),
    guarded('PostgreSQL', () => inspectPostgres(args)),
  ]);
  return findings.flat();
}

async function inspectRedis(args: Parameters<typeof inspectServers>[0]): Promise<Finding[]> {
  const redis = await Redis.open({ url: args.redisUrl, prefix: args.redisPrefix });
  try {
    const about = 'Redis';
    const { refused, warnings } = await checkRedis(redis);
    if (refused !== null) return [{ level: 'failed', about, text: refused }];
    const version = /^redis_version:(\S+)/m.exec(String(await redis.command('INFO', 'server')))?.[1] ?? 'unknown';
    const measured = await shortest(args.clock, async () => {
      const [seconds, microseconds] = (await redis.command('TIME')) as unknown[];
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    });
    return [
      { level: 'ok', about, text: `Version ${version} answers in ${measured.tookMs.toFixed(2)} ms.` },
      ...warnings.map((warning): Finding => ({ level: 'warning', about, text: `${warning}.` })),
      ...findingsOf(about, measured),
    ];
  } finally {
    await redis.close();
  }
}

function inspectPostgres(args: Parameters<typeof inspectServers>[0]): Promise<Finding[]> {
  return withServer(args.databaseUrl, async (client) => {
    const about = 'PostgreSQL';
    const statements = readStatements(import.meta.dirname, 'postgres');
    const ask = async (sql: string): Promise<readonly Row[]> => (await client.query<Row>(sql)).rows;
    const [server] = await ask("SELECT current_setting('server_version') AS version");
    const measured = await shortest(args.clock, async () => {
      const [row] = await ask('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS now');
      return Number(text(row ?? {}, 'now'));
    });
    const warnings = unsafeSettings(await ask(statements.get('durability-settings') ?? ''));
    return [
      {
        level: 'ok',
        about,
        text: `Version ${text(server ?? {}, 'version')} answers in ${measured.tookMs.toFixed(2)} ms.`,
      },
      ...warnings.map((warning): Finding => ({ level: 'warning', about, text: `${warning}.` })),
      ...findingsOf(about, measured),
    ];
  });
}

interface Measurement {
  readonly tookMs: Milliseconds;
  /** How far the server's clock is ahead of this machine's. */
  readonly aheadMs: Milliseconds;
}

/** Measures a few times; the measurement with the shortest round trip counts. */
async function shortest(clock: Clock, ask: () => Promise<Milliseconds>): Promise<Measurement> {
  let best: Measurement = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 };
  for (let n = 0; n < MEASUREMENTS; n++) {
    const [wall, startedAt] = [clock.now(), clock.monotonicMs()];
    const serverTime = await ask();
    const tookMs = clock.monotonicMs() - startedAt;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: serverTime - (wall + tookMs / 2) };
  }
  return best;
}

function findingsOf(about: string, { tookMs, aheadMs }: Measurement): Finding[] {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const isOff = Math.abs(aheadMs) > MAX_CLOCK_DIFFERENCE_MS;
  const order = aheadMs > 0 ? 'behind' : 'ahead of';
  return [
    isOff
      ? {
          level: 'warning',
          about: 'Clock',
          text: `This machine's clock is ${seconds} s ${order} that of ${about}: let both follow NTP.`,
        }
      : { level: 'ok', about: 'Clock', text: `Within a second of that of ${about}.` },
    ...(tookMs > SLOW_ANSWER_MS
      ? [{ level: 'warning', about, text: 'Its round trips are slow: move it, or this service, closer.' } as const]
      : []),
  ];
}

async function guarded(about: string, inspect: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await inspect();
  } catch (error) {
    if (!(error instanceof StartRefused) && !(error instanceof EngineUnavailable)) throw error;
    return [{ level: 'failed', about, text: error.message }];
  }
}
