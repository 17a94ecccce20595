import { closeSync, fdatasync, openSync } from 'node:fs';

/**
 * SQLite's write-ahead log, opened a second time to sync it without blocking the event loop. SQLite itself runs with
 * `synchronous=NORMAL`: a commit is written to the log without a sync, and its caller is answered after a later `sync`.
 * That gives the durability of FULL, one fsync per commit, while the event loop continues to read requests
 * (docs/decisions/sqlite.md). SQLite holds no locks on the log, so closing its descriptor is safe.
 */
export class WalFile {
  readonly #descriptor: number;

  /** @param databasePath an open database in WAL mode that has been read */
  constructor(databasePath: string) {
    this.#descriptor = openSync(`${databasePath}-wal`, 'r+');
  }

  /** Resolves when every commit made before the call is on disk. Rejects when the disk failed. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
