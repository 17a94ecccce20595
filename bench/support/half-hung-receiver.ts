import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver in a process of its own: `/ok/…` answers at once and tells its parent when, `/hang/…` never answers. */
const server = createServer((request, response) => {
  if (request.url?.startsWith('/hang') === true) {
    request.resume();
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const dueAt = Number(/"dueAt":([\d.]+)/.exec(body)?.[1]);
    // The wall clock: another process' `performance.now()` began elsewhere.
    if (!Number.isNaN(dueAt)) process.send?.({ deliveredMs: performance.timeOrigin + performance.now() - dueAt });
    response.writeHead(204).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', 4_096, () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
