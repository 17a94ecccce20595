import { connect, type Socket } from 'node:net';
import { Client } from '../../test/support/service.ts';
import { type Abuser, again, pause, type Row, untilAborted } from './row.ts';

const LARGE = 16 * 1024 * 1024 - 100_000;

/** What a request can cost. */
export const REQUEST_ROWS: readonly Row[] = [
  {
    name: 'spaces in Content-Type, without a key',
    run: (abuser, signal) => {
      const request = head('POST', '/api/events', [
        `Content-Type: application/json${' '.repeat(7_800)}x`,
        'Content-Length: 2',
      ]);
      return again(8, signal, () => exchange(abuser, `${request}{}`, signal));
    },
  },
  {
    name: 'a body in chunks of a byte',
    run: async (abuser, signal) => {
      const sockets = open(abuser, 4, signal);
      const piece = '1\r\n \r\n'.repeat(10_000);
      await Promise.all(
        sockets.map(async (socket) => {
          socket.write(head('POST', '/api/events/batch', [key(abuser), JSON_TYPE, 'Transfer-Encoding: chunked']));
          while (!signal.aborted && !socket.destroyed) await written(socket, piece);
        }),
      );
    },
  },
  {
    name: '100 half lines of NDJSON that drip',
    run: async (abuser, signal) => {
      const type = 'Content-Type: application/x-ndjson';
      const sockets = open(abuser, 100, signal);
      const line = `{"type":"half","data":"${'x'.repeat(200_000)}`;
      for (const socket of sockets) {
        socket.write(
          head('POST', '/api/events/batch', [key(abuser), type, 'Transfer-Encoding: chunked']) + chunk(line),
        );
      }
      await again(1, signal, async () => {
        for (const socket of sockets) if (!socket.destroyed) socket.write(chunk('x'));
        await pause(1_000);
      });
    },
  },
  {
    name: '40 half-sent batches',
    run: async (abuser, signal) => {
      const body = Buffer.alloc(LARGE, ' ');
      for (const socket of open(abuser, 40, signal)) {
        socket.write(head('POST', '/api/events/batch', [key(abuser), JSON_TYPE, `Content-Length: ${LARGE + 10}`]));
        socket.write(body);
      }
      await untilAborted(signal);
    },
  },
  {
    name: '100 lists that nobody reads',
    run: async (abuser, signal) => {
      for (const socket of open(abuser, 100, signal)) {
        socket.pause();
        socket.write(head('GET', '/api/events?limit=1000', [key(abuser)]));
      }
      await untilAborted(signal);
    },
  },
  {
    name: 'leases of 1,000 large events',
    run: (abuser, signal) =>
      withClient(abuser.url, abuser.key, (client) =>
        again(6, signal, async () => {
          const { json } = await client.post('/api/inbox/lease', { lease_limit: 1_000 });
          if (json.lease_id !== null && json.lease_id !== undefined) {
            await client.post('/api/inbox/release', { lease_id: json.lease_id });
          }
        }),
      ),
  },
  {
    name: 'loops over lists, exports and previews',
    run: (abuser, signal) =>
      withClient(abuser.url, abuser.key, (client) =>
        Promise.all([
          again(4, signal, () => client.get('/api/events?limit=1000')),
          again(2, signal, () => client.get('/api/events/export')),
          again(4, signal, () => client.post(`/api/endpoints/${abuser.endpointId}/match-preview`, {})),
        ]),
      ),
  },
  {
    name: 'tests and replays with a key of tier free',
    run: (abuser, signal) =>
      withClient(abuser.url, abuser.freeKey, (client) =>
        again(8, signal, () => client.post(`/api/endpoints/${abuser.freeEndpointId}/test`)),
      ),
  },
  {
    name: 'odd methods on odd addresses, without a key',
    run: (abuser, signal) => {
      let n = 0;
      return again(8, signal, () =>
        exchange(abuser, head(n % 2 === 0 ? 'PROPFIND' : 'LOCK', `/odd/${n++}`, []), signal),
      );
    },
  },
  {
    name: '100 streams that nobody reads',
    run: (abuser, signal) =>
      withClient(abuser.url, abuser.key, async (client) => {
        for (const socket of open(abuser, 100, signal)) {
          socket.pause();
          socket.write(head('GET', '/api/stream', [key(abuser)]));
        }
        await again(2, signal, () => client.post('/api/events', { type: 'streamed', data: 'x'.repeat(100_000) }));
      }),
  },
];

const JSON_TYPE = 'Content-Type: application/json';

function key({ key }: Abuser): string {
  return `X-API-Key: ${key}`;
}

function head(method: string, path: string, lines: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function open({ url }: Abuser, count: number, signal: AbortSignal): Socket[] {
  const { hostname, port } = new URL(url);
  return Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname).on('error', () => {});
    signal.addEventListener('abort', () => socket.destroy());
    return socket;
  });
}

/** One request on a connection of its own, until the first bytes of its answer. */
function exchange({ url }: Abuser, request: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(request));
    const end = () => socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    socket.on('error', () => {}).once('data', end);
    socket.once('close', () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
  });
}

function written(socket: Socket, piece: string): Promise<void> {
  // In a turn of its own: what the kernel takes at once would keep our own loop from measuring.
  return new Promise((resolve) => socket.write(piece, () => setImmediate(resolve)));
}

async function withClient(url: string, key: string, act: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client(url, key);
  await act(client).finally(() => client.close());
}
