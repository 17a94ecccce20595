import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import { IdSource } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Finding } from '../ports/finding.ts';
import type { Log } from '../ports/observability/log.ts';
import { type Metrics, NO_METRICS } from '../ports/observability/metrics.ts';
import type { FanOut } from '../ports/record/fan-out.ts';
import type { RecordSource } from '../ports/record/transfer.ts';
import { embeddedSecretBox, folderSecretBox, sharedSecretBox } from './secrets/index.ts';
import type { Settings } from './settings/index.ts';

export interface EngineArguments {
  readonly settings: Settings;
  readonly log: Log;
  readonly clock: Clock;
  /** The disk failed. No further promise can be kept, so the process must exit. */
  readonly onFatal: (error: unknown) => void;
  readonly metrics?: Metrics;
}

/**
 * Opens the engine. Only the selected engine is loaded: the clients of Redis and PostgreSQL would take 15 MB on the embedded
 * engine.
 */
export async function openEngine(
  args: EngineArguments,
  fanOut: FanOut = () => [],
): Promise<{ engine: Engine; ids: IdSource }> {
  const { settings, log, clock } = args;
  const logSql = settings.logSql ? { logSql: logStatements(log) } : {};
  const common = {
    dedupWindowMs: settings.dedupWindowMs,
    maxBacklog: settings.maxBacklog,
    ...logSql,
    metrics: args.metrics ?? NO_METRICS,
  };
  if (settings.servers !== null) {
    const { openRedisPostgresEngine } = await import('../engines/redis-postgres/engine.ts');
    const consumer = `${hostname()}-${process.pid}`;
    const engine = await openRedisPostgresEngine({
      ...settings.servers,
      ...common,
      clock,
      log,
      consumer,
      secrets: sharedSecretBox(settings, log),
    });
    return { engine, ids: new IdSource(() => engine.clock.now(), randomFillSync) };
  }
  const ids = new IdSource(() => clock.now(), randomFillSync);
  const { openSqliteEngine } = await import('../engines/sqlite/engine.ts');
  const { onFatal } = args;
  return {
    engine: openSqliteEngine({
      ...common,
      dataDir: settings.dataDir,
      clock,
      ids,
      fanOut,
      onFatal,
      secrets: embeddedSecretBox(settings),
    }),
    ids,
  };
}

/** Checks the engine for `doctor`, without changing anything. */
export async function inspectParts(settings: Settings, clock: Clock): Promise<readonly Finding[]> {
  if (settings.servers === null) {
    const { inspectFolder } = await import('../engines/sqlite/inspect.ts');
    return inspectFolder(settings.dataDir);
  }
  const { inspectServers } = await import('../engines/redis-postgres/inspect.ts');
  return inspectServers({ ...settings.servers, clock });
}

/** Opens the embedded record for `migrate-data`. Throws `StartRefused`. */
export async function openEmbeddedRecord(settings: Settings, clock: Clock): Promise<RecordSource> {
  const { openSqliteRecord } = await import('../engines/sqlite/record-source.ts');
  return openSqliteRecord(settings.dataDir, clock, folderSecretBox(settings));
}

/** `LOG_SQL`: logs the name and the duration of a statement, never its values. */
function logStatements(log: Log) {
  return (statement: string, durationMs: number): void =>
    log.sampled('sql', 'info', () => `SQL ${statement} took ${durationMs.toFixed(2)}ms`);
}
