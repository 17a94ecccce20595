import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

/**
 * The floor under delivering: Node's own HTTP server answers 202 and posts each body on through undici, a pool for each
 * path, as many at once as the service has. Nothing is kept, signed or tried again. Argument: the receiver's address.
 */
const target = process.argv[2] ?? '';
const pools = new Map<string, Pool>();
const waiting: { readonly path: string; readonly body: string }[] = [];
let underWay = 0;

function pump(): void {
  while (underWay < 100 && waiting.length > 0) {
    const next = waiting.shift();
    if (next === undefined) return;
    underWay++;
    void post(next.path, next.body).finally(() => {
      underWay--;
      pump();
    });
  }
}

async function post(path: string, body: string): Promise<void> {
  const pool = pools.get(path) ?? new Pool(target, { connections: 100 });
  pools.set(path, pool);
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ method: 'POST', path, headers, body });
  await answer.body.dump();
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const { type } = JSON.parse(body) as { type: string };
    response.writeHead(202, { 'content-length': 2 }).end('{}');
    waiting.push({ path: `/${type}`, body });
    pump();
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.once('disconnect', () => process.exit(0));
