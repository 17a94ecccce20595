import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { StartRefused } from '../../../ports/start-refused.ts';
import { type Row, text } from '../../rows/row.ts';
import { tlsReason } from '../tls-reason.ts';
import type { Database } from './database.ts';

const FOLDER = join(import.meta.dirname, '../migrations');
/** The key of `pg_advisory_lock`: the first process to start migrates, the others wait. */
const LOCK_KEY = 7463_0001;
const CONNECT_TIMEOUT_MS = 5_000;
const OLDEST_VERSION = 130_000;

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

/**
 * Migrates the schema, each step in a transaction of its own.
 * @throws StartRefused when the database cannot be used; the sentence says what to change
 */
export function migrate(url: string): Promise<void> {
  return withServer(url, async (client) => {
    // The lock ends with the connection, however this process ends.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    await applyMissing(client, readMigrations());
  });
}

/**
 * Runs an action on a connection to a supported server.
 * @throws StartRefused like `migrate`
 */
export async function withServer<Result>(url: string, act: (client: pg.Client) => Promise<Result>): Promise<Result> {
  placeOf(url);
  let client: pg.Client | undefined;
  try {
    // The constructor reads the files that sslrootcert and similar parameters name.
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    client.on('error', () => {});
    await client.connect();
    await refuseWrongServer(client);
    return await act(client);
  } catch (error) {
    throw asStartRefused(error, url);
  } finally {
    await client?.end().catch(() => {});
  }
}

async function refuseWrongServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string; encoding: string }>(
    "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding",
  );
  const [server] = rows;
  if (server === undefined) throw new TypeError('PostgreSQL did not return its settings');
  if (Number(server.version) < OLDEST_VERSION) {
    throw new StartRefused(
      `PostgreSQL ${Math.trunc(Number(server.version) / 10_000)} is too old: 13 or later is needed.`,
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new StartRefused(
      `The database of DATABASE_URL has the encoding ${server.encoding}: make one with ENCODING 'UTF8'.`,
    );
  }
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[]): Promise<void> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const { rows } = await client.query<{ version: number }>('SELECT version FROM schema_migrations');
  const applied = new Set(rows.map(({ version }) => version));
  const newest = Math.max(0, ...applied);
  if (newest > (migrations.at(-1)?.version ?? 0)) {
    throw new StartRefused(
      `The database of DATABASE_URL was made by a newer version (schema ${newest}): start that version, or restore a backup of before.`,
    );
  }
  for (const { version, name, text: sql } of migrations) {
    if (applied.has(version)) continue;
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (version, name) VALUES ($1, $2)', [version, name]);
    await client.query('COMMIT');
  }
}

function readMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({
      version: Number.parseInt(name, 10),
      name,
      text: readFileSync(join(FOLDER, name), 'utf8'),
    }));
}

/** Maps an error to a message that says what to change. Of the URL it shows only host and database. */
function asStartRefused(error: unknown, url: string): unknown {
  if (error instanceof StartRefused) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const { where, host, database } = placeOf(url);
  switch (code) {
    case '28000':
      if (error instanceof Error && /no encryption|SSL off/i.test(error.message)) {
        return new StartRefused(
          `PostgreSQL at ${where} lets this user in by TLS only: add sslmode=verify-full to DATABASE_URL.`,
        );
      }
      return new StartRefused(`PostgreSQL at ${where} refused the user or password of DATABASE_URL.`);
    case '28P01':
      return new StartRefused(`PostgreSQL at ${where} refused the user or password of DATABASE_URL.`);
    case '3D000':
      return new StartRefused(`There is no database ${database} at ${host}: create it, or change DATABASE_URL.`);
    case '42501':
      return new StartRefused(
        `The user of DATABASE_URL may not make tables in ${where}: grant CREATE on the schema public to it.`,
      );
    case '25006':
      return new StartRefused(`PostgreSQL at ${where} is read-only: let DATABASE_URL name the primary, not a standby.`);
    case '53300':
      return new StartRefused(`PostgreSQL at ${where} accepts no more connections: raise max_connections.`);
    case '57P03':
      return new StartRefused(`PostgreSQL at ${where} is starting or stopping: try again in a moment.`);
    default:
      break;
  }
  if (error instanceof pg.DatabaseError) {
    if (!OF_THE_SERVER.has(code.slice(0, 2))) return error;
    return new StartRefused(`PostgreSQL at ${where} is unavailable now (${code}): check its log.`);
  }
  return asUnreachable(error, where, code);
}

/** Error classes of the server (connection, resources, operator, system), not of this program. */
const OF_THE_SERVER = new Set(['08', '53', '57', '58']);

/** Errors of the driver before it reached the server. */
function asUnreachable(error: unknown, where: string, code: string): StartRefused {
  const message = error instanceof Error ? error.message : '';
  const tls = tlsReason(error, 'DATABASE_URL');
  if (tls !== undefined) return new StartRefused(`No TLS with PostgreSQL at ${where}: ${tls}`);
  if (error instanceof Error && 'syscall' in error && error.syscall === 'open' && 'path' in error) {
    return new StartRefused(`The file ${String(error.path)} that DATABASE_URL names can't be read (${code}).`);
  }
  if (message.includes('password must be a')) {
    return new StartRefused(`PostgreSQL at ${where} asks for a password, and DATABASE_URL has none: add it.`);
  }
  if (message.includes('does not support SSL')) {
    return new StartRefused(`PostgreSQL at ${where} has no TLS, which DATABASE_URL asks for: remove sslmode from it.`);
  }
  return new StartRefused(
    `PostgreSQL can't be reached at ${where}${code === '' ? '' : ` (${code})`}: start it, or change DATABASE_URL.`,
  );
}

function placeOf(url: string): { readonly where: string; readonly host: string; readonly database: string } {
  if (!URL.canParse(url) || /[/?#].*@/.test(url.slice(url.indexOf('://') + 3))) {
    throw new StartRefused(
      'DATABASE_URL is not a URL: use postgres://user:password@host:5432/name, with special characters in user and password percent-encoded.',
    );
  }
  const { host, pathname } = new URL(url);
  return { where: `${host}${pathname}`, host, database: pathname.slice(1) };
}

/** Warnings for settings under which a commit is not durable, one sentence each. */
export async function checkPostgres(database: Database): Promise<string[]> {
  return unsafeSettings(await database.query('durability-settings', []));
}

/** @param rows result of durability-settings.sql */
export function unsafeSettings(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const name = text(row, 'name');
    return text(row, 'setting') === 'off'
      ? [
          `PostgreSQL runs with ${name} = off: events that left Redis may be lost in a crash of its machine; set it to on`,
        ]
      : [];
  });
}
