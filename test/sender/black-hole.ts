import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens for two connections, then stands still until it is told to go on: meanwhile the kernel drops first packets. */
const LISTEN_AND_STOP = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(workerData), 0, 0);
  });
`;
const SYN_SENT = '02';

export interface BlackHole extends AsyncDisposable {
  readonly port: number;
  /** Connections that nobody answers now, ours included. */
  connecting(): Promise<number>;
  untilConnecting(count: number): Promise<void>;
  /** From here on it answers; a first packet that was dropped comes again after a second. */
  open(): void;
}

/** A port of 127.0.0.1 where SYNs vanish, as on a lossy path. */
export async function blackHole(): Promise<BlackHole> {
  const shared = new SharedArrayBuffer(4);
  const worker = new Worker(LISTEN_AND_STOP, { eval: true, workerData: shared });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const fillers: Socket[] = [];
  const untilConnecting = async (count: number): Promise<void> => {
    while ((await connectingTo(port)) < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  while ((await connectingTo(port)) === 0) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), untilConnecting(1)]);
  }
  return {
    port,
    untilConnecting,
    connecting: () => connectingTo(port),
    open() {
      const flag = new Int32Array(shared);
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

async function connectingTo(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter(([, , to, state]) => to?.endsWith(remote) && state === SYN_SENT).length;
}
