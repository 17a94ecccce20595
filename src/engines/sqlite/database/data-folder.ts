import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartRefused } from '../../../ports/start-refused.ts';
import { createPrivate, makePrivate } from './private-files.ts';
import { failureOf, systemFailureOf } from './sqlite-error.ts';

/** How long to wait for the lock: enough for a predecessor that is stopping, and short enough for a prompt refusal. */
const LOCK_WAIT_MS = 300;
/** Names the owning process, for messages. The actual lock is on lock.db. */
const OWNER_FILE = 'owner.json';

/** Exclusive ownership of `DATA_DIR`. */
export interface DataFolder {
  readonly databasePath: string;
  release(): void;
}

/**
 * Creates the folder if necessary and locks it: an exclusive lock on a database of its own, which the system releases
 * however this process ends. The lock file is never opened with `fs` while locked: closing any descriptor of a file
 * drops all of the process's POSIX locks on it.
 * @throws StartRefused
 */
export function claimDataFolder(path: string): DataFolder {
  makeFolder(path);
  const lock = takeLock(path);
  const databasePath = join(path, 'triggers.db');
  try {
    createPrivate(databasePath);
    makePrivate(path);
  } catch (error) {
    lock.close();
    throw refusalOf(error, path);
  }
  const ownerPath = join(path, OWNER_FILE);
  try {
    writeFileSync(ownerPath, `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not prevent a start that could drain the backlog.
  }
  return {
    databasePath,
    release: () => {
      rmSync(ownerPath, { force: true });
      lock.close();
    },
  };
}

/**
 * Creates one level at a time: Node's `recursive` option loops forever where the parent exists but allows no folders
 * (/proc).
 */
function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw refusalOf(error, path);
  }
  if (!statSync(path).isDirectory()) throw noFolder(path);
}

function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    createPrivate(join(path, 'lock.db'));
    lock = new DatabaseSync(join(path, 'lock.db'), { timeout: LOCK_WAIT_MS });
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    switch (failureOf(error)) {
      case 'busy':
        throw new StartRefused(
          `DATA_DIR ${path} is in use by ${ownerOf(path)}; stop that process or choose another DATA_DIR.`,
        );
      case 'corrupt':
        throw new StartRefused(
          `The file lock.db in DATA_DIR ${path} is not a lock file of this service; remove it and start again.`,
        );
      case 'disk_full':
        throw noSpace(path);
      case 'not_writable':
      case 'io':
        throw notWritable(path);
      default:
        throw refusalOf(error, path);
    }
  }
}

/** Turns a system error into a message for the operator. */
function refusalOf(error: unknown, path: string): unknown {
  switch (systemFailureOf(error)) {
    case 'no_folder':
      return noFolder(path);
    case 'disk_full':
      return noSpace(path);
    case 'read_only':
      return new StartRefused(
        `DATA_DIR ${path} can't be written, because its file system is mounted read-only; mount it writable or choose another DATA_DIR.`,
      );
    case 'not_writable':
      return notWritable(path);
    default:
      return error;
  }
}

function noSpace(path: string): StartRefused {
  return new StartRefused(`There is no space left for DATA_DIR ${path}; make room and start again.`);
}

function noFolder(path: string): StartRefused {
  return new StartRefused(`DATA_DIR must name a folder, but ${path} is a file or lies below one; choose another.`);
}

function notWritable(path: string): StartRefused {
  return new StartRefused(
    `DATA_DIR ${path} can't be written by this user; change its permissions or choose another DATA_DIR.`,
  );
}

function ownerOf(path: string): string {
  try {
    const owner: unknown = JSON.parse(readFileSync(join(path, OWNER_FILE), 'utf8'));
    if (typeof owner === 'object' && owner !== null && 'pid' in owner && typeof owner.pid === 'number') {
      return `process ${owner.pid}`;
    }
  } catch {
    // Not written yet, or truncated: the message then names no process.
  }
  return 'another process';
}
