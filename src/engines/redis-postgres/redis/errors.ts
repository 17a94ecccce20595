import { ErrorReply } from '@redis/client';
import { EngineUnavailable } from '../../../ports/unavailable.ts';

/** The server can't now, said so before it did anything, and soon may: after a start, during a failover. */
const PASSING = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN', 'BUSY', 'NOREPLICAS']);
/** It has no room, or can't write to its disk. */
const NO_ROOM = new Set(['OOM', 'MISCONF']);
const REFUSED = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'DENIED', 'ERR max number of clients reached']);

/** The first word of an error reply: `OOM`, `NOGROUP`; undefined when the server has not spoken. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof ErrorReply)) return undefined;
  // A script passes on what its call met, behind words of its own.
  const words = /(?:^|-)([A-Z]{3,})\b/.exec(error.message);
  return words?.[1];
}

export function isPassing(error: unknown): boolean {
  return PASSING.has(replyCode(error) ?? '');
}

/** What an error means to the pipeline. Messages of the server may name keys and values: only their code is kept. */
export function asEngineError(error: unknown, closing: boolean): unknown {
  if (error instanceof EngineUnavailable) return error;
  if (closing) return new EngineUnavailable('closing', 'The engine is closing');
  const code = replyCode(error);
  if (code !== undefined) {
    if (NO_ROOM.has(code)) return new EngineUnavailable('storage_failed', `Redis has no room (${code})`);
    if (PASSING.has(code) || REFUSED.has(code))
      return new EngineUnavailable('unreachable', `Redis can't now (${code})`);
    return error;
  }
  if (error instanceof ErrorReply || error instanceof TypeError || error instanceof RangeError) return error;
  return new EngineUnavailable('unreachable', "Redis can't be reached");
}
