import { randomBytes } from 'node:crypto';
import type { Environment } from '../../src/app/settings/settings.ts';
import { newDatabase } from './postgres-server.ts';
import { RedisServer } from './redis-server.ts';
import { TRIGGERS_DATABASE } from './triggers-database.ts';

type EngineName = 'embedded' | 'distributed';

let chosen: EngineName = 'embedded';
let redis: Promise<RedisServer> | undefined;
/** A data folder stands for a record, on either engine: started again on it, a service finds what was there. */
const serversOf = new Map<string, Promise<Environment>>();

/** For a test file that runs another one's suites on this engine: before it imports them. */
export function chooseEngine(name: EngineName): void {
  chosen = name;
}

export function chosenEngine(): EngineName {
  return chosen;
}

/** What a service needs in its environment to run on the chosen engine, with the record that goes with the folder. */
export function engineEnvironment(dataDir: string): Promise<Environment> {
  if (chosen === 'embedded') return Promise.resolve({});
  const known = serversOf.get(dataDir) ?? newServers();
  serversOf.set(dataDir, known);
  return known;
}

async function newServers(): Promise<Environment> {
  redis ??= RedisServer.start();
  const [{ url: redisUrl }, database] = await Promise.all([redis, newDatabase(TRIGGERS_DATABASE)]);
  return {
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `t${randomBytes(4).toString('hex')}`,
    DATABASE_URL: database.url,
    DATABASE_MAX_CONNECTIONS: '4',
  };
}
