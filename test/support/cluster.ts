import { randomBytes } from 'node:crypto';
import type { Role } from '../../src/app/settings/roles.ts';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import { newDatabase, PostgresServer } from './postgres-server.ts';
import { RedisServer } from './redis-server.ts';
import { freePort } from './server-process.ts';
import { type Cleanup, Client } from './service.ts';
import { ServiceProcess } from './service-process.ts';
import { TRIGGERS_DATABASE } from './triggers-database.ts';

interface ClusterOptions {
  /** Of redis-server. */
  readonly redis?: readonly string[];
  /** A PostgreSQL of its own, to be stopped: settings of postgresql.conf. Else a database on the shared one. */
  readonly postgres?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the processes find the servers, if not where they are: through a proxy. */
  readonly through?: (servers: { redisUrl: string; databaseUrl: string }) => Promise<{
    redisUrl: string;
    databaseUrl: string;
  }>;
}

/** The distributed engine as it is run: Redis, PostgreSQL, and processes of every role. Ends with the test. */
export class Cluster {
  readonly redis: RedisServer;
  /** Undefined where the test shares one. */
  readonly postgres: PostgresServer | undefined;
  readonly databaseUrl: string;
  readonly prefix = `c${randomBytes(3).toString('hex')}`;
  readonly processes: { readonly role: Role; readonly process: ServiceProcess }[] = [];
  readonly #env: Record<string, string>;
  readonly #cleanup: Cleanup;

  private constructor(args: {
    redis: RedisServer;
    postgres: PostgresServer | undefined;
    databaseUrl: string;
    env: Record<string, string>;
    cleanup: Cleanup;
  }) {
    this.redis = args.redis;
    this.postgres = args.postgres;
    this.databaseUrl = args.databaseUrl;
    this.#env = args.env;
    this.#cleanup = args.cleanup;
  }

  static async start(cleanup: Cleanup, options: ClusterOptions = {}): Promise<Cluster> {
    const redis = await RedisServer.start(options.redis);
    const postgres = options.postgres === undefined ? undefined : await PostgresServer.start(options.postgres);
    const database = postgres === undefined ? await newDatabase(TRIGGERS_DATABASE) : undefined;
    const databaseUrl = database?.url ?? postgres?.url() ?? '';
    const servers = { redisUrl: redis.url, databaseUrl };
    const seen = (await options.through?.(servers)) ?? servers;
    const env = { ...options.env, REDIS_URL: seen.redisUrl, DATABASE_URL: seen.databaseUrl };
    const cluster = new Cluster({ redis, postgres, databaseUrl, env, cleanup });
    cleanup.after(async () => {
      await Promise.all(cluster.processes.map(({ process }) => process.stop('SIGKILL')));
      await Promise.all([redis.stop(), postgres?.stop(), database?.drop()]);
    });
    return cluster;
  }

  /** One process of a role; an api on a port that stays its own. */
  async run(role: Role, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const process = await ServiceProcess.start({ ...this.env, PORT: String(await freePort()), ...env }, [role]);
    this.processes.push({ role, process });
    return process;
  }

  /** What a process needs to be part of it. */
  get env(): Record<string, string> {
    return { ...this.#env, REDIS_PREFIX: this.prefix, HEALTH_PORT: '0' };
  }

  client(process: ServiceProcess): Client {
    const client = new Client(process.url, DEVELOPMENT_KEY);
    this.#cleanup.after(() => client.close());
    return client;
  }

  /** `key('events')` is the stream of accepted events. */
  key(name: string): string {
    return `${this.prefix}:${name}`;
  }
}
