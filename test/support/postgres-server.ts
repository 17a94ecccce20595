import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, realpathSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { findProgram, unprivilegedUser } from './debian-programs.ts';
import { freePort, ServerProcess } from './server-process.ts';

const MEMORY = '/dev/shm';
const MEMORY_BYTES = 4 * 1024 ** 3;

/** Where `npm test` has a server running for all test files; unset when a file is run alone. */
const SHARED_URL = process.env['TEST_POSTGRES_URL'];

/** A private PostgreSQL on a free port, its files in a folder of its own. */
export class PostgresServer {
  readonly port: number;
  readonly #binaries: string;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #process: ServerProcess;

  private constructor(args: { port: number; binaries: string; folder: string; settings: readonly string[] }) {
    this.port = args.port;
    this.#binaries = args.binaries;
    this.#folder = args.folder;
    this.#settings = args.settings;
    this.#process = this.#spawn();
  }

  /** @param settings of postgresql.conf: `log_statement=all` */
  static async start(settings: readonly string[] = []): Promise<PostgresServer> {
    const binaries = dirname(findProgram('postgres'));
    const folder = realpathSync(mkdtempSync(join(roomyFolder(), 'triggers-postgres-')));
    const user = unprivilegedUser();
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    const init = ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(binaries, 'initdb'), init, { stdio: 'ignore', cwd: folder, ...user });
    const server = new PostgresServer({ port: await freePort(), binaries, folder, settings });
    await server.ready();
    return server;
  }

  /** Of a database; without a name that of the administrator. */
  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** SIGINT: everybody is cut off, the server ends in order. SIGKILL: it does not. */
  async kill(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await this.#process.end(signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async startAgain(): Promise<void> {
    this.#process = this.#spawn();
    await this.ready();
  }

  ready(): Promise<void> {
    return this.#process.untilReady(() => asAdministrator(this.url(), async () => {}));
  }

  async stop(): Promise<void> {
    await this.kill('SIGQUIT');
    this.removeFiles();
  }

  /** For a process that ends, and the server with it. */
  removeFiles(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(): ServerProcess {
    const settings = [
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${this.#folder}`,
      // Faster; a killed server loses nothing by it, only a machine without power would.
      'fsync=off',
      'full_page_writes=off',
      'max_connections=200',
      ...this.#settings,
    ];
    return new ServerProcess(
      join(this.#binaries, 'postgres'),
      ['-D', join(this.#folder, 'data'), '-p', String(this.port), ...settings.flatMap((setting) => ['-c', setting])],
      { cwd: this.#folder, ...unprivilegedUser() },
    );
  }
}

/**
 * In memory where there is plenty: a database is 300 files, and each test has one of its own (a copy and its end took
 * 220 ms on a disk, 50 ms in memory). A container often has 64 MB there, of which PostgreSQL itself needs some.
 */
function roomyFolder(): string {
  const stat = existsSync(MEMORY) ? statfsSync(MEMORY) : undefined;
  return stat !== undefined && stat.bavail * stat.bsize > MEMORY_BYTES ? MEMORY : tmpdir();
}

let own: Promise<PostgresServer> | undefined;

/** The administrator's URL of the server that test files share; one that this file starts for itself when run alone. */
async function sharedServer(): Promise<string> {
  if (SHARED_URL !== undefined) return SHARED_URL;
  own ??= PostgresServer.start();
  const server = await own;
  process.once('exit', () => server.removeFiles());
  return server.url();
}

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database of its own on the shared server, or a copy of a template: about 30 ms. */
export async function newDatabase(template?: DatabaseTemplate): Promise<TestDatabase> {
  const administrator = await sharedServer();
  const name = `test_${randomBytes(6).toString('hex')}`;
  if (template !== undefined) await buildTemplate(administrator, template);
  await asAdministrator(administrator, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template?.name ?? 'template0'} STRATEGY FILE_COPY`),
  );
  return {
    url: databaseUrl(administrator, name),
    drop: async () => {
      await asAdministrator(administrator, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

export interface DatabaseTemplate {
  /** A word; the same name means the same content. */
  readonly name: string;
  /** Fills the empty database; closes its connections. */
  build(url: string): Promise<void>;
}

/** Once over all test processes: whoever comes first builds it, the others wait. */
function buildTemplate(administrator: string, { name, build }: DatabaseTemplate): Promise<void> {
  return asAdministrator(administrator, async (client) => {
    await client.query('SELECT pg_advisory_lock(7463)');
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rows.length > 0) return;
    const draft = `${name}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft}`);
    await client.query(`CREATE DATABASE ${draft} TEMPLATE template0`);
    await build(databaseUrl(administrator, draft));
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
}

function databaseUrl(administrator: string, name: string): string {
  const url = new URL(administrator);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdministrator<T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
