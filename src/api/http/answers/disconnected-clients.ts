import type { FastifyReply } from 'fastify';

/** @returns a signal that aborts when the connection ends before the answer */
export function disconnectSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // A connection that is closed already emits no further `close`.
  if (raw.destroyed || raw.socket?.destroyed === true) controller.abort();
  else raw.once('close', () => controller.abort());
  return controller.signal;
}

/**
 * Calls the listener if the connection ends before the whole answer has left this process: its client cannot have read it. An
 * answer that the kernel has taken and the client never reads is not detected.
 */
export function onCutAnswer({ raw }: FastifyReply, act: () => void): void {
  raw.once('close', () => {
    if (!raw.writableFinished) act();
  });
}
