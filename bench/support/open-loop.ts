import { connect, type Socket } from 'node:net';

/** One event's way, in milliseconds since it was due to be sent. */
export interface Sent {
  readonly n: number;
  readonly status: number;
  /** `performance.now()` at which the request was due, sent or not: a late client's wait counts (no coordinated omission). */
  readonly dueAt: number;
  readonly answeredMs: number;
  /** What the service itself says: `X-Response-Time`. */
  readonly serverMs: number;
}

interface Options {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
  readonly bodyOf: (n: number, dueAt: number) => string;
}

/**
 * Sends at a fixed rate, whether or not earlier requests have been answered, each on whichever connection is free. Over plain
 * sockets and into arrays that are made before: with a promise and an object for each request the client's own garbage
 * collection took 15 to 20 ms once a second, which was all there was to see at P99.
 */
export async function openLoop(options: Options): Promise<Sent[]> {
  const load = new OpenLoad(options);
  await load.run();
  return load.sent();
}

class OpenLoad {
  readonly #options: Options;
  readonly #total: number;
  readonly #statuses: Uint16Array;
  readonly #answeredMs: Float64Array;
  readonly #serverMs: Float64Array;
  readonly #free: Connection[] = [];
  readonly #open = new Set<Connection>();
  /** The next to be sent; those before it are under way or answered. */
  #next = 0;
  #due = 0;
  #answered = 0;
  #startAt = 0;
  #end: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(options: Options) {
    this.#options = options;
    this.#total = Math.round(options.perSecond * options.seconds);
    this.#statuses = new Uint16Array(this.#total);
    this.#answeredMs = new Float64Array(this.#total);
    this.#serverMs = new Float64Array(this.#total);
  }

  async run(): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    for (let n = 0; n < this.#options.connections; n++) this.#connect();
    this.#startAt = performance.now() + 50;
    this.#tick();
    try {
      await ended;
    } finally {
      for (const connection of this.#open) connection.destroy();
    }
  }

  sent(): Sent[] {
    return Array.from({ length: this.#total }, (_, n) => ({
      n,
      status: this.#statuses[n] ?? 0,
      dueAt: this.#dueAt(n),
      answeredMs: this.#answeredMs[n] ?? Number.NaN,
      serverMs: this.#serverMs[n] ?? Number.NaN,
    }));
  }

  answered(connection: Connection, n: number, head: string): void {
    this.#statuses[n] = Number(head.slice(9, 12));
    this.#answeredMs[n] = performance.now() - this.#dueAt(n);
    this.#serverMs[n] = Number.parseFloat(SERVER_MS.exec(head)?.[1] ?? '');
    this.#free.push(connection);
    this.#send();
    if (++this.#answered === this.#total) this.#end();
  }

  /** The service closes a connection on which nothing comes for long: another takes its place. */
  closed(connection: Connection, isBusy: boolean): void {
    this.#open.delete(connection);
    if (this.#answered === this.#total) return;
    if (isBusy) {
      this.#fail(new Error('A connection was closed under a request'));
      return;
    }
    this.#free.splice(this.#free.indexOf(connection), 1);
    this.#connect();
  }

  #connect(): void {
    const connection = new Connection(this.#options.url, this);
    this.#open.add(connection);
    this.#free.push(connection);
  }

  #dueAt(n: number): number {
    return this.#startAt + (n * 1_000) / this.#options.perSecond;
  }

  readonly #tick = (): void => {
    const now = performance.now();
    while (this.#due < this.#total && this.#dueAt(this.#due) <= now) this.#due++;
    this.#send();
    if (this.#due < this.#total) setTimeout(this.#tick, 1);
  };

  #send(): void {
    while (this.#next < this.#due) {
      // In turn, so that none is silent for long.
      const connection = this.#free.shift();
      if (connection === undefined) return;
      const n = this.#next++;
      connection.send(n, this.#options.bodyOf(n, this.#dueAt(n)));
    }
  }
}

const HEAD =
  'POST /api/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: test-api-key-change-in-prod\r\nContent-Type: application/json\r\n';
const SERVER_MS = /\r\nx-response-time: ([\d.]+)ms/i;
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** One request at a time; answers have a length. */
class Connection {
  readonly #socket: Socket;
  readonly #load: OpenLoad;
  #n = 0;
  #isBusy = false;
  #buffered = '';

  constructor(url: string, load: OpenLoad) {
    const { hostname, port } = new URL(url);
    this.#load = load;
    this.#socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1');
    this.#socket
      .on('data', this.#take)
      .on('error', () => {})
      .on('close', () => load.closed(this, this.#isBusy));
  }

  send(n: number, body: string): void {
    this.#n = n;
    this.#isBusy = true;
    this.#socket.write(`${HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #take = (chunk: string): void => {
    // What the service says of a connection that it closes.
    if (!this.#isBusy) return;
    this.#buffered += chunk;
    const headEnd = this.#buffered.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#buffered.slice(0, headEnd);
    if (this.#buffered.length < headEnd + 4 + Number(LENGTH.exec(head)?.[1] ?? 0)) return;
    this.#buffered = '';
    this.#isBusy = false;
    this.#load.answered(this, this.#n, head);
  };
}
