import { connect, type Socket } from 'node:net';

/** What one round of load came to. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds, sorted. */
  readonly latenciesMs: Float64Array;
  /** Answers whose status was not the one expected. */
  readonly unexpected: number;
}

/**
 * Closed-loop load over plain sockets: each connection sends its next request when the answer to the last one is there.
 * As thin as JavaScript can be, so that the client's own cost does not hide the server's.
 * @param requestOf the bytes of the n-th request
 */
export async function rawLoad(options: {
  url: string;
  connections: number;
  durationMs: number;
  expectStatus: number;
  requestOf: (n: number) => string;
}): Promise<LoadResult> {
  const { hostname, port } = new URL(options.url);
  const latencies: number[] = [];
  let requests = 0;
  let unexpected = 0;
  const startedAt = performance.now();
  const endAt = startedAt + options.durationMs;
  const expected = `HTTP/1.1 ${options.expectStatus}`;
  await Promise.all(
    Array.from({ length: options.connections }, () => {
      const socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1');
      return new Promise<void>((resolve, reject) => {
        let sentAt = 0;
        let buffered = '';
        const next = () => {
          sentAt = performance.now();
          if (sentAt >= endAt) return end(socket, resolve);
          socket.write(options.requestOf(requests++));
        };
        socket.on('connect', next);
        socket.on('error', reject);
        socket.on('data', (chunk: string) => {
          buffered = buffered === '' ? chunk : buffered + chunk;
          if (!isWhole(buffered)) return;
          latencies.push(performance.now() - sentAt);
          if (!buffered.startsWith(expected)) unexpected++;
          buffered = '';
          next();
        });
      });
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    requests: latencies.length,
    perSecond: latencies.length / seconds,
    latenciesMs: Float64Array.from(latencies).sort(),
    unexpected,
  };
}

function end(socket: Socket, resolve: () => void): void {
  socket.destroy();
  resolve();
}

const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

/** One answer at a time on a connection, in ASCII, with a length. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = Number(LENGTH.exec(answer)?.[1] ?? 0);
  return answer.length >= headEnd + 4 + length;
}

/** @param sorted ascending @param share 0.99 for P99 */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
