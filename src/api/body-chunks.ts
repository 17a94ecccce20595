import type { IncomingMessage } from 'node:http';
import type { Milliseconds } from '../core/time.ts';

/** The body of a request, chunk by chunk, with a deadline for each. Ending to read does not end the connection. */
export class BodyChunks {
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  /**
   * @param timeoutMs null = none
   * @returns null at the end, `late` when nothing came in time
   * @throws Error when the connection ended before the body did
   */
  async next(timeoutMs: Milliseconds | null): Promise<Buffer | 'late' | null> {
    const message = this.#message;
    while (true) {
      const chunk: Buffer | null = message.read();
      if (chunk !== null) return chunk;
      if (message.readableEnded) return null;
      if (message.destroyed) throw new Error('The connection ended before the body did');
      if ((await this.#change(timeoutMs)) === 'late') return 'late';
    }
  }

  #change(timeoutMs: Milliseconds | null): Promise<'changed' | 'late'> {
    const message = this.#message;
    return new Promise((resolve) => {
      const timer = timeoutMs === null ? undefined : setTimeout(() => done('late'), timeoutMs);
      const change = () => done('changed');
      const done = (how: 'changed' | 'late') => {
        clearTimeout(timer);
        message.off('readable', change).off('end', change).off('close', change).off('error', change);
        resolve(how);
      };
      message.on('readable', change).on('end', change).on('close', change).on('error', change);
    });
  }
}
