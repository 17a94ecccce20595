import { ErrorReply } from '@redis/client';
import { EngineUnavailable } from '../../../ports/unavailable.ts';

/** Transient: the server refused before doing anything, and may soon accept: after a start, or during a failover. */
const TRANSIENT = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN', 'BUSY', 'NOREPLICAS']);
/** Replies of a server that is not the primary, or no longer; its address may lead to another server now. */
const NOT_PRIMARY = new Set(['READONLY', 'MASTERDOWN']);
/** The server is out of memory, or cannot write to its disk. */
const NO_ROOM = new Set(['OOM', 'MISCONF']);
const REFUSED = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'MOVED', 'ASK']);
const TOO_MANY_CLIENTS = 'ERR max number of clients reached';

/** The code of an error reply, such as `OOM` or `NOGROUP`; undefined for errors that are not replies. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof ErrorReply)) return undefined;
  // A script prefixes the error of its call with its own text.
  const words = /(?:^|-)([A-Z]{3,})\b/.exec(error.message);
  return words?.[1];
}

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(replyCode(error) ?? '');
}

export function isNotPrimary(error: unknown): boolean {
  return NOT_PRIMARY.has(replyCode(error) ?? '');
}

/** The server refuses the user or password; retrying does not help. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.has(replyCode(error) ?? '');
}

/** The consumer group does not exist, or was removed during the call: the server lost its memory. */
export function isUnknownGroup(error: unknown): boolean {
  const code = replyCode(error);
  return code === 'NOGROUP' || code === 'UNBLOCKED';
}

/** One of the service's keys has an unexpected type: nothing was done, and an operator must check it. */
export class WrongType extends EngineUnavailable {
  /** The key belongs to one lane or organization; all others are served. */
  readonly isOfOne: boolean;

  constructor(message: string, isOfOne: boolean) {
    super('storage_failed', message);
    this.isOfOne = isOfOne;
  }
}

const KEY_OF_ONE = /^[^:]+:(?:lane|lane-held|lane-rate|rate|dedup):[^ ]+$/;

/** @param key a dedup mark's key is shortened before the client's own text */
export function wrongType(key: string): WrongType {
  const named = key.replace(/(:dedup:[^:]*:).*/s, '$1…');
  return new WrongType(
    `Redis holds a value of another type than ours at ${named}: look at it, then DEL it`,
    KEY_OF_ONE.test(named),
  );
}

/**
 * Maps an error to one for the pipeline. Server messages may contain keys and values, so only their code is kept.
 * @param args the command
 */
export function asEngineError(error: unknown, closing: boolean, args: readonly (string | Buffer)[] = []): unknown {
  if (error instanceof EngineUnavailable) return error;
  if (closing) return new EngineUnavailable('closing', 'The engine is closing');
  const code = replyCode(error);
  if (code !== undefined) {
    if (code === 'WRONGTYPE') return wrongType(keysOf(args).join(' or '));
    if (NO_ROOM.has(code)) return new EngineUnavailable('storage_failed', `Redis is out of memory or disk (${code})`);
    if (TRANSIENT.has(code) || REFUSED.has(code)) {
      return new EngineUnavailable('unreachable', `Redis refuses commands now (${code})`);
    }
    if (error instanceof ErrorReply && error.message.startsWith(TOO_MANY_CLIENTS)) {
      return new EngineUnavailable('unreachable', 'Redis accepts no more connections (maxclients)');
    }
    return error;
  }
  if (error instanceof ErrorReply || error instanceof TypeError || error instanceof RangeError) return error;
  return new EngineUnavailable('unreachable', "Redis can't be reached");
}

/** The keys of a command, for the commands that the service uses. */
function keysOf([command, ...args]: readonly (string | Buffer)[]): string[] {
  const [first, second] = args;
  if (command === 'EVALSHA' || command === 'EVAL') return args.slice(2, 2 + Number(second)).map(String);
  const streams = args.indexOf('STREAMS');
  if (streams >= 0) return [String(args[streams + 1])];
  return [String(command === 'XGROUP' || command === 'XINFO' ? second : first)];
}
