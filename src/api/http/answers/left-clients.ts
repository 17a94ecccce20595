import type { FastifyReply } from 'fastify';

/** Aborts when the connection ends before the answer: whoever asked has gone. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // One that went while the request was on its way here has no `close` to come.
  if (raw.destroyed || raw.socket?.destroyed === true) controller.abort();
  else raw.once('close', () => controller.abort());
  return controller.signal;
}

/**
 * Calls when the connection ended before all of the answer had left this process: its client can't have read it. What the
 * kernel took and the client never read looks like an answer that arrived.
 */
export function whenCut({ raw }: FastifyReply, act: () => void): void {
  raw.once('close', () => {
    if (!raw.writableFinished) act();
  });
}
