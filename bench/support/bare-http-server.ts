import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The floor under accepting: Node's own HTTP server, which reads the body, parses it and answers 202. Nothing is kept. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const event = JSON.parse(Buffer.concat(chunks).toString()) as { type: string };
    const body = JSON.stringify({
      id: crypto.randomUUID(),
      type: event.type,
      status: 'accepted',
      created_at: new Date(),
    });
    response
      .writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      .end(body);
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.once('disconnect', () => process.exit(0));
