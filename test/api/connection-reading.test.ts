import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ParsingDebt } from '../../src/api/http/reading/parsing-debt.ts';
import { Readers, readerOf } from '../../src/api/http/reading/readers.ts';
import { SharedTurn } from '../../src/api/http/reading/shared-turn.ts';
import { canonicalId, type OrganizationId } from '../../src/core/ids.ts';
import { MAX_WAITING_CONNECTIONS_OF_ORGANIZATION } from '../../src/core/limits.ts';
import { timestamp } from '../../src/core/time.ts';
import { ReadSlots } from '../../src/pipeline/pacing/read-slots.ts';
import { rawHttp } from '../support/raw-http.ts';

const KNOWN = canonicalId<OrganizationId>('0198a000-0000-7000-8000-000000000001');
const OTHER = canonicalId<OrganizationId>('0198a000-0000-7000-8000-000000000002');
const CHUNKED = 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
/** One read of Node's parser: 10,922 chunks of one byte. */
const ONE_READ = 64 * 1024;
const PIECES_OF_A_READ = Math.floor(ONE_READ / 6);

/** A clock by which each piece of a body costs 2 µs, as it did where this was measured. */
class WorkClock {
  #nowMs = 0;
  now = () => timestamp(0);
  monotonicMs = () => this.#nowMs;
  work(ms: number): void {
    this.#nowMs += ms;
  }
}

interface Front {
  readonly url: string;
  readonly clock: WorkClock;
  readonly readers: Readers;
  readonly server: Server;
}

async function front(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, clock: WorkClock) => void,
): Promise<Front> {
  const clock = new WorkClock();
  const server = createServer((request, response) => answer(request, response, clock));
  const readers = new Readers(server, { clock, reads: new ReadSlots(clock) });
  server.on('connection', (socket) => readers.read(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock, readers, server };
}

test('a connection owes what its bytes cost beyond its requests and its share of the time', () => {
  const cases: [name: string, reads: [startedAt: number, now: number, requests: number][], isTooHigh: boolean][] = [
    ['plain bytes', [[0, 0.05, 0]], false],
    ['a request that takes its time', [[0, 0.3, 1]], false],
    ['a slice of tiny chunks', [[0, 1.2, 0]], true],
    ['the same behind a head', [[0, 1.4, 1]], true],
    [
      'half of it at once, twice',
      [
        [0, 0.6, 0],
        [0.6, 1.2, 0],
      ],
      true,
    ],
    [
      'half of it, every 3 ms',
      [
        [0, 0.6, 0],
        [3, 3.6, 0],
        [6, 6.6, 0],
      ],
      false,
    ],
    ['forty requests behind each other', [[0, 10, 40]], false],
  ];
  for (const [name, reads, isTooHigh] of cases) {
    const debt = new ParsingDebt(0);
    for (const [startedAt, now, requests] of reads) debt.add({ startedAt, now, requests });
    assert.equal(debt.isTooHigh, isTooHigh, name);
    debt.clear(20);
    assert.equal(debt.isTooHigh, false, name);
  }
});

test('connections that are ready at once share a turn of the loop, the others go on in the next, in order', async () => {
  const shared = new SharedTurn();
  const turns: number[][] = [];
  for (let n = 0; n < 6; n++) {
    shared.later(() => {
      turns.at(-1)?.push(n);
      shared.use(3);
    });
  }
  shared.use(5);
  assert.ok(shared.isOver);
  while (turns.flat().length < 6) {
    turns.push([]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(
    turns.filter((turn) => turn.length > 0),
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(shared.isOver, false);
});

test('chunks of one byte are parsed a slice at a time, on all connections together', async (context) => {
  let inTurn = 0;
  let most = 0;
  const { url } = await front(context, (request, response, clock) => {
    let length = 0;
    request.on('data', (piece: Buffer) => {
      clock.work(0.002);
      length += piece.length;
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
      most = Math.max(most, inTurn);
    });
    request.on('end', () => response.end(String(length)));
  });
  const body = `${CHUNKED}${'1\r\nx\r\n'.repeat(2 * PIECES_OF_A_READ)}0\r\n\r\n`;
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => rawHttp(url, [body], { until: /\d+$/, waitMs: 20_000 })),
  );
  for (const { text } of answers) assert.match(text, new RegExp(`\r\n${2 * PIECES_OF_A_READ}$`));
  assert.ok(most < PIECES_OF_A_READ / 2, `${most} pieces in one turn of the loop`);
});

test('a connection that is held is not read from, though its message flows', async (context) => {
  let length = 0;
  let lengthHeld = Number.NaN;
  const { url } = await front(context, async (request, response) => {
    const reader = readerOf(request.socket);
    const ended = once(request, 'end');
    request.on('data', (piece: Buffer) => {
      length += piece.length;
    });
    await once(request, 'data');
    reader?.hold();
    await new Promise((resolve) => setTimeout(resolve, 100));
    lengthHeld = length;
    reader?.release();
    await ended;
    response.end('whole');
  });
  const bytes = 1024 * 1024;
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`;
  const answer = await rawHttp(url, [head + 'x'.repeat(bytes)], { until: /whole$/, waitMs: 20_000 });
  assert.match(answer.text, /whole$/);
  assert.ok(lengthHeld <= 2 * 64 * 1024, `${lengthHeld} bytes were read while it was held`);
  assert.equal(length, bytes);
});

test('a body that nobody reads, and requests behind each other, leave others their turns', async (context) => {
  const { url } = await front(context, (request, response, clock) => {
    clock.work(0.5);
    response.end(request.url);
  });
  const body = '1\r\nx\r\n'.repeat(1_000);
  const requests = Array.from(
    { length: 300 },
    (_, n) => `GET /${n} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`,
  );
  const answer = await rawHttp(url, [requests.join('')], { until: /\/299(?:\r\n0\r\n\r\n)?$/, waitMs: 20_000 });
  const urls = [...answer.text.matchAll(/\n\/(\d+)/g)].map(([, n]) => Number(n));
  assert.deepEqual(
    urls,
    requests.map((_, n) => n),
  );
});

test('what comes behind a broken chunk does not spoil the answer', async (context) => {
  const { url, server } = await front(context, (request) => void request.resume());
  let errors = 0;
  server.on('clientError', (_error, socket: Socket) => {
    errors++;
    readerOf(socket)?.drop();
    if (!socket.writable) socket.destroy();
    else socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  });
  const answer = await rawHttp(url, [`${CHUNKED}nonsense\r\n${'more '.repeat(20_000)}`], { waitMs: 5_000 });
  assert.equal(answer.status, 400);
  assert.equal(errors, 1);
});

test('the end of a connection is seen behind what waits for its turn', async (context) => {
  let length = 0;
  const { url, server } = await front(context, (request, _response, clock) => {
    request.on('data', (piece: Buffer) => {
      clock.work(0.002);
      length += piece.length;
    });
    request.on('error', () => {});
  });
  const ended = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.end(CHUNKED + '1\r\nx\r\n'.repeat(5_000));
  await ended;
  assert.equal(length, 5_000);
});

test('so many connections of one organization wait, and others wait beside them', async (context) => {
  const { readers } = await front(context, (_request, response) => void response.end());
  const turns: string[] = [];
  const wait = (owner: OrganizationId | null, name: string) => readers.wait(owner, () => void turns.push(name));
  for (let n = 0; n < MAX_WAITING_CONNECTIONS_OF_ORGANIZATION; n++) assert.ok(wait(KNOWN, 'known'));
  assert.equal(wait(KNOWN, 'known'), false);
  assert.ok(wait(OTHER, 'other'));
  assert.ok(wait(null, 'stranger'));
  while (turns.length < 5) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(turns.slice(0, 3).toSorted(), ['known', 'other', 'stranger']);
  assert.ok(wait(KNOWN, 'known'), 'there is room again');
});
