import { ErrorReply } from '@redis/client';
import { EngineUnavailable } from '../../../ports/unavailable.ts';

/** The server can't now, said so before it did anything, and soon may: after a start, during a failover. */
const TRANSIENT = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN', 'BUSY', 'NOREPLICAS']);
/** Said by a server that is no primary, or none any more: its address may lead to another by now. */
const NOT_PRIMARY = new Set(['READONLY', 'MASTERDOWN']);
/** It has no room, or can't write to its disk. */
const NO_ROOM = new Set(['OOM', 'MISCONF']);
const REFUSED = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'MOVED', 'ASK']);
const TOO_MANY_CLIENTS = 'ERR max number of clients reached';

/** The first word of an error reply: `OOM`, `NOGROUP`; undefined when the server has not spoken. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof ErrorReply)) return undefined;
  // A script passes on what its call met, behind words of its own.
  const words = /(?:^|-)([A-Z]{3,})\b/.exec(error.message);
  return words?.[1];
}

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(replyCode(error) ?? '');
}

export function isNotPrimary(error: unknown): boolean {
  return NOT_PRIMARY.has(replyCode(error) ?? '');
}

/** The user or its password: trying again does not help. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.has(replyCode(error) ?? '');
}

/** The consumer group is not there, or went while we waited: the server has lost its memory. */
export function isUnknownGroup(error: unknown): boolean {
  const code = replyCode(error);
  return code === 'NOGROUP' || code === 'UNBLOCKED';
}

/** A key of ours holds something that we did not put there: nothing was done, and an operator has to look at it. */
export class WrongType extends EngineUnavailable {
  /** The key is one lane's or one organization's: everybody else is served. */
  readonly isOfOne: boolean;

  constructor(message: string, isOfOne: boolean) {
    super('storage_failed', message);
    this.isOfOne = isOfOne;
  }
}

const KEY_OF_ONE = /^[^:]+:(?:lane|lane-held|lane-rate|rate|dedup):[^ ]+$/;

/** @param key a dedup mark's is cut before the client's own text */
export function wrongType(key: string): WrongType {
  const named = key.replace(/(:dedup:[^:]*:).*/s, '$1…');
  return new WrongType(
    `Redis holds a value of another type than ours at ${named}: look at it, then DEL it`,
    KEY_OF_ONE.test(named),
  );
}

/**
 * What an error means to the pipeline. Messages of the server may name keys and values: only their code is kept.
 * @param args the command
 */
export function asEngineError(error: unknown, closing: boolean, args: readonly (string | Buffer)[] = []): unknown {
  if (error instanceof EngineUnavailable) return error;
  if (closing) return new EngineUnavailable('closing', 'The engine is closing');
  const code = replyCode(error);
  if (code !== undefined) {
    if (code === 'WRONGTYPE') return wrongType(keysOf(args).join(' or '));
    if (NO_ROOM.has(code)) return new EngineUnavailable('storage_failed', `Redis has no room (${code})`);
    if (TRANSIENT.has(code) || REFUSED.has(code)) {
      return new EngineUnavailable('unreachable', `Redis can't now (${code})`);
    }
    if (error instanceof ErrorReply && error.message.startsWith(TOO_MANY_CLIENTS)) {
      return new EngineUnavailable('unreachable', 'Redis has no connection left (maxclients)');
    }
    return error;
  }
  if (error instanceof ErrorReply || error instanceof TypeError || error instanceof RangeError) return error;
  return new EngineUnavailable('unreachable', "Redis can't be reached");
}

/** The keys that a command names, of the few commands that we use. */
function keysOf([command, ...args]: readonly (string | Buffer)[]): string[] {
  const [first, second] = args;
  if (command === 'EVALSHA' || command === 'EVAL') return args.slice(2, 2 + Number(second)).map(String);
  const streams = args.indexOf('STREAMS');
  if (streams >= 0) return [String(args[streams + 1])];
  return [String(command === 'XGROUP' || command === 'XINFO' ? second : first)];
}
