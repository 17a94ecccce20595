import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { makeCertificates, selfSignedOf } from '../../test/support/certificates.ts';
import { Client } from '../../test/support/service.ts';
import { type Abuser, again, pause, type Row, untilAborted } from './row.ts';

/** What a receiver can cost the deliverer. The receiver runs in the attacker's process. */
export const RECEIVER_ROWS: readonly Row[] = [
  {
    name: '100 receivers that send empty lines, then a byte at a time',
    run: async (abuser, signal) => {
      const url = await listen(createServer((socket) => void drip(socket)));
      await beside(abuser, { endpoints: 100, url, more: {} }, async (client, type) => {
        // A hundred attempts each: their number is not what is measured.
        await again(1, signal, async () => {
          await client.post('/api/events', { type, data: 1 });
          await pause(1_000);
        });
      });
    },
  },
  {
    name: '400 endpoints at a receiver that never reads',
    run: async (abuser, signal) => {
      const url = await listen(createServer((socket) => void socket.on('error', () => {}).pause()));
      await beside(abuser, { endpoints: 400, url, more: { timeout_seconds: 30 } }, async (client, type) => {
        for (let n = 0; n < 15; n++) await client.post('/api/events', { type, data: 'x'.repeat(255_000) });
        await untilAborted(signal);
      });
    },
  },
  {
    name: 'ten tests at once with a client certificate of RSA 4096',
    run: async (abuser, signal) => {
      const { good } = makeCertificates();
      const own = selfSignedOf(['-newkey', 'rsa:4096']);
      const server = createTlsServer({ ...good, requestCert: true, rejectUnauthorized: false }, (socket) => {
        socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      });
      server.on('tlsClientError', () => {});
      const url = (await listen(server)).replace('http:', 'https:');
      const more = { client_certificate: { certificate: own.cert, key: own.key } };
      await beside(abuser, { endpoints: 1, url, more }, (client, _type, [id]) =>
        again(10, signal, () => client.post(`/api/endpoints/${id}/test`)),
      );
    },
  },
];

async function drip(socket: Socket): Promise<void> {
  socket.on('error', () => {}).resume();
  socket.write('\r\n'.repeat(60_000));
  while (!socket.destroyed) {
    socket.write('\r\n');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Endpoints of the abuser's that want a type of their own, for what `act` does. */
async function beside(
  { url: service, key }: Abuser,
  { endpoints, url, more }: { endpoints: number; url: string; more: object },
  act: (client: Client, type: string, ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const client = new Client(service, key);
  const type = `abuse.${randomUUID()}`;
  const ids: string[] = [];
  for (let n = 0; n < endpoints; n++) {
    const made = await client.post('/api/endpoints', { url: `${url}/${n}`, event_types: [type], ...more });
    if (made.status !== 201) throw new Error(made.text);
    ids.push(made.json.id);
  }
  await act(client, type, ids).finally(() => client.close());
}

async function listen(server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
