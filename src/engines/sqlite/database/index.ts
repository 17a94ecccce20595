/** The SQLite file: opening, migrations, connections, and the meaning of its errors. */
export { Connection, type SqlLog, type Statement } from './connection.ts';
export { claimDataFolder, type DataFolder } from './data-folder.ts';
export { ErasedPages } from './erased-pages.ts';
export { asStartRefused, type Database, openDatabase } from './open-database.ts';
export { ReadConnection } from './read-connection.ts';
export { readPage } from './read-page.ts';
export { loadSqlFiles } from './sql-files.ts';
export { failureOf } from './sqlite-error.ts';
export { StorageHealth } from './storage-health.ts';
export { WalFile } from './wal-file.ts';
