import { closeSync, fdatasync, openSync } from 'node:fs';

/**
 * SQLite's write-ahead log, opened a second time to bring it to the disk without stopping the loop. SQLite itself runs with
 * `synchronous=NORMAL`: a commit is written to the log and not synced, and whoever made it is answered only after a
 * `sync` that began later. That is what FULL gives, one fsync a commit, but the loop goes on reading requests meanwhile
 * (docs/decisions/sqlite.md). The log holds none of SQLite's locks, so that a descriptor of it may be closed.
 */
export class WalFile {
  readonly #descriptor: number;

  /** @param databasePath of a database in WAL mode that is open and was read */
  constructor(databasePath: string) {
    this.#descriptor = openSync(`${databasePath}-wal`, 'r+');
  }

  /** Resolves when everything that was committed before the call is on the disk. Rejects when the disk failed. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
