import { connect } from 'node:net';
import { HANG_MS } from './hang.ts';

export interface RawAnswer {
  readonly text: string;
  /** Status of the first answer; 0 when the connection ended without one. */
  readonly status: number;
  readonly closed: boolean;
}

/** Writes bytes to a connection as they are and collects what comes back, until it closes or `waitMs` is over. */
export function rawHttp(
  url: string,
  pieces: readonly (string | Buffer)[],
  options: { waitMs?: number; pauseMs?: number; until?: RegExp } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    let closed = false;
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ text, status, closed });
    };
    const timer = setTimeout(finish, options.waitMs ?? HANG_MS);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (options.until?.test(text)) finish();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      closed = true;
      finish();
    });
    socket.on('connect', () => void writeSlowly());
    async function writeSlowly(): Promise<void> {
      for (const piece of pieces) {
        if (socket.destroyed) return;
        socket.write(piece);
        if (options.pauseMs !== undefined) await new Promise((wake) => setTimeout(wake, options.pauseMs));
      }
    }
  });
}

/** The body of the first answer, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their expected shape
export function rawBody({ text }: RawAnswer): any {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
}
