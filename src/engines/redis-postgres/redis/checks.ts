import { EngineUnavailable } from '../../../ports/unavailable.ts';
import type { Redis } from './connection.ts';

const OLDEST_VERSION = 7;

/** Checks a Redis server's settings: reasons to refuse it, and warnings; each sentence says what to change. */
export async function checkRedis(
  redis: Redis,
): Promise<{ readonly refused: string | null; readonly warnings: string[] }> {
  const info = String(await redis.command('INFO'));
  const refused = refusal(info);
  if (refused !== null) return { refused, warnings: [] };
  const settings = await readSettings(redis);
  return { refused: null, warnings: settings === undefined ? withoutConfig(info) : warningsOf(settings) };
}

/** @param info the text of INFO, which hosted servers provide too */
function refusal(info: string): string | null {
  const version = /^redis_version:((\d+)[.\d]*)/m.exec(info);
  if (version !== null && Number(version[2]) < OLDEST_VERSION) {
    return `Redis ${version[1]} is too old: ${OLDEST_VERSION}.0 or later is needed.`;
  }
  if (/^cluster_enabled:1/m.test(info)) {
    return 'Redis is in cluster mode: set REDIS_URL to a server that is not (cluster-enabled no).';
  }
  const policy = /^maxmemory_policy:(allkeys\S*)/m.exec(info)?.[1];
  if (policy === undefined) return null;
  return `Redis would evict queues (maxmemory-policy ${policy}): set maxmemory-policy to noeviction.`;
}

function warningsOf(settings: ReadonlyMap<string, string>): string[] {
  const warnings = [];
  const policy = settings.get('maxmemory-policy') ?? '';
  if (policy.startsWith('volatile') && settings.get('maxmemory') !== '0') {
    warnings.push(`Redis would evict dedup marks (maxmemory-policy ${policy}): set maxmemory-policy to noeviction`);
  }
  if (settings.get('appendonly') !== 'yes') {
    warnings.push(
      'Redis keeps nothing over a restart: accepted events that were not recorded yet would be lost; set appendonly to yes',
    );
    return warnings;
  }
  if (settings.get('appendfsync') === 'no') {
    warnings.push('Redis never syncs its file by itself (appendfsync no): set appendfsync to everysec or always');
  }
  if (settings.get('no-appendfsync-on-rewrite') === 'yes') {
    warnings.push('Redis does not sync its file while it is rewritten: set no-appendfsync-on-rewrite to no');
  }
  return warnings;
}

/** Warnings where CONFIG is forbidden, as on many hosted servers. */
function withoutConfig(info: string): string[] {
  const unverified = "Redis' settings can't be read here (CONFIG is forbidden): make sure of appendfsync everysec";
  return /^aof_enabled:1/m.test(info)
    ? [unverified]
    : [unverified, 'Redis keeps nothing over a restart (aof_enabled is 0): set appendonly to yes'];
}

async function readSettings(redis: Redis): Promise<ReadonlyMap<string, string> | undefined> {
  const settings = new Map<string, string>();
  try {
    for (const pattern of ['append*', 'maxmemory*', 'no-appendfsync-on-rewrite']) {
      const reply = await redis.command('CONFIG', 'GET', pattern);
      for (const [name, value] of namesAndValues(reply)) settings.set(name, value);
    }
    return settings;
  } catch (error) {
    if (error instanceof EngineUnavailable && error.code !== 'unreachable') throw error;
    return undefined;
  }
}

/** A map in RESP3, a flat list in RESP2. */
function namesAndValues(reply: unknown): [string, string][] {
  if (reply instanceof Map) return [...reply].map(([name, value]) => [String(name), String(value)]);
  if (!Array.isArray(reply)) return Object.entries(reply ?? {}).map(([name, value]) => [name, String(value)]);
  const found: [string, string][] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) found.push([String(reply[at]), String(reply[at + 1])]);
  return found;
}
