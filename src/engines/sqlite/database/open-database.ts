import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Clock } from '../../../ports/clock.ts';
import { StartRefused } from '../../../ports/start-refused.ts';
import { Connection, type SqlLog } from './connection.ts';
import { loadMigrations, type SqlFiles } from './sql-files.ts';
import { failureOf, systemFailureOf } from './sqlite-error.ts';

/** The write connection, with an up-to-date schema, and a read connection, which sees committed data only. */
export interface Database {
  readonly writer: Connection;
  readonly reader: Connection;
}

/**
 * WAL + NORMAL: a commit is in the log when it returns, and on disk after a sync (wal-file.ts). temp_store: client data
 * is never written to other files. cache_size: 16 MiB, so that the ends of every organization's indexes stay in memory.
 * secure_delete: deleted data is overwritten with zeros; accepting costs nothing more, removing an event of 100 KB 0.3
 * ms. journal_size_limit: shrinks a log that a burst extended. Checkpoints run within the commit that reaches the
 * threshold (docs/decisions/sqlite.md).
 */
const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA secure_delete = ON;
  PRAGMA cache_size = -16384;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = ${64 * 1024 * 1024};
`;

export function openDatabase(
  path: string,
  options: { sql: SqlFiles; clock: Clock; log: SqlLog | undefined },
): Database {
  refuseCutFile(path);
  const writer = new Connection(path, { ...options, readOnly: false });
  try {
    writer.db.exec(PRAGMAS);
    migrate(writer, path, options.clock);
    return { writer, reader: new Connection(path, { ...options, readOnly: true }) };
  } catch (error) {
    writer.db.close();
    throw error;
  }
}

/** Turns an error while opening into a message for the operator; other errors are returned unchanged. */
export function asStartRefused(error: unknown, path: string): unknown {
  switch (failureOf(error)) {
    case 'corrupt':
      return damaged(path);
    case 'not_writable':
      return new StartRefused(`The database ${path} can't be written by this user; change its permissions.`);
    case 'disk_full':
      return new StartRefused(`There is no space left for the database ${path}; make room and start again.`);
    case 'io':
      return new StartRefused(`The disk failed under the database ${path}; check it and start again.`);
    default:
      break;
  }
  switch (systemFailureOf(error)) {
    case 'disk_full':
      return new StartRefused(`There is no space left for the database ${path}; make room and start again.`);
    case 'read_only':
    case 'not_writable':
      return new StartRefused(`The database ${path} can't be written by this user; change its permissions.`);
    default:
      return error;
  }
}

function damaged(path: string): StartRefused {
  return new StartRefused(
    `The database ${path} is damaged or was not written by this service; restore a backup, or move it away to start empty.`,
  );
}

const HEADER_BYTES = 100;

/**
 * Refuses a truncated database: SQLite would notice the missing end only when it reads it, perhaps days later. Without
 * a log to replay, the header says how long the file must be. Runs before SQLite opens the file, so no lock is lost.
 */
function refuseCutFile(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  readSync(file, header, 0, HEADER_BYTES, 0);
  closeSync(file);
  // https://sqlite.org/fileformat.html#the_database_header: a page size of 1 means 65,536.
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  if (size < HEADER_BYTES || header.readUInt32BE(28) * pageSize > size) throw damaged(path);
}

function migrate({ db }: Connection, path: string, clock: Clock): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  );
  const migrations = loadMigrations();
  const newest = Number(
    db.prepare('SELECT coalesce(max(version), 0) AS newest FROM schema_migrations').get()?.['newest'],
  );
  const known = migrations.at(-1)?.version ?? 0;
  if (newest > known) {
    throw new StartRefused(
      `The database ${path} was written by a newer version (schema ${newest}, this one knows ${known}); start that version, or restore an older backup.`,
    );
  }
  for (const { version, name, text } of migrations.filter((migration) => migration.version > newest)) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(text);
      db.prepare('INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)').run(
        version,
        name,
        clock.now(),
      );
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
