import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

const PIECE = 100;

/** Sends `count` events as one NDJSON request. @param lineOf the n-th event, without its line's end */
export async function fill(url: string, apiKey: string, count: number, lineOf: (n: number) => string): Promise<void> {
  const upload = request(`${url}/api/events/batch`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/x-ndjson' },
  });
  // Its results are as long as what we send: whoever does not read them stops the stream.
  const ended = once(upload, 'response').then(([response]) => once((response as IncomingMessage).resume(), 'end'));
  for (let n = 0; n < count; n += PIECE) {
    let lines = '';
    for (let at = n; at < Math.min(n + PIECE, count); at++) lines += `${lineOf(at)}\n`;
    if (!upload.write(lines)) await once(upload, 'drain');
    if (process.stdout.isTTY && n % 10_000 === 0) process.stdout.write(`\r\x1b[K${n} of ${count}`);
  }
  upload.end();
  await ended;
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
}
