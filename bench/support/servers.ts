import type { Role } from '../../src/app/settings/roles.ts';
import { PostgresServer } from '../../test/support/postgres-server.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { ServiceProcess } from '../../test/support/service-process.ts';

/** Redis and PostgreSQL as operators should have them, and processes of any role on them. */
export class Servers {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly #processes: ServiceProcess[] = [];

  private constructor(redis: RedisServer, postgres: PostgresServer) {
    this.redis = redis;
    this.postgres = postgres;
  }

  static async start(): Promise<Servers> {
    const [redis, postgres] = await Promise.all([
      RedisServer.start(['--appendfsync', 'everysec']),
      PostgresServer.start(['fsync=on', 'full_page_writes=on', 'shared_buffers=256MB', 'max_wal_size=2GB']),
    ]);
    return new Servers(redis, postgres);
  }

  get env(): Record<string, string> {
    return { REDIS_URL: this.redis.url, DATABASE_URL: this.postgres.url(), MAX_BACKLOG: '100000000', HEALTH_PORT: '0' };
  }

  async run(role: Role, env: Record<string, string> = {}): Promise<ServiceProcess> {
    const process = await ServiceProcess.start({ ...this.env, ...env }, [role]);
    this.#processes.push(process);
    return process;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await Promise.all([this.redis.stop(), this.postgres.stop()]);
  }
}
