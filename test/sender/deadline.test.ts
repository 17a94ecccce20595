import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { HANG_MS } from '../support/hang.ts';
import { openSender, pause, post, rawReceiver, until } from './support.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

async function timed(run: () => Promise<AttemptOutcome>): Promise<[AttemptOutcome, number]> {
  const startedAt = performance.now();
  return [await run(), performance.now() - startedAt];
}

function drip(socket: Socket, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}

describe('the deadline is one, over everything', { concurrency: 4 }, () => {
  const SILENT: readonly (readonly [string, (socket: Socket) => void])[] = [
    ['never answers', () => {}],
    ['drips a header', (socket) => socket.write('HTTP/1.1 200 OK\r\nX-A: ') && drip(socket, 'x', 20)],
    ['drips 1xx answers', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 60)],
    ['begins a 100 and stops', (socket) => socket.write('HTTP/1.1 100 Cont')],
    ['sends half a head', (socket) => socket.write('HTTP/1.1 200 OK\r\nX-A: b\r\n')],
  ];
  for (const [name, answer] of SILENT) {
    test(`a receiver that ${name}`, { timeout: 60_000 }, async () => {
      await using receiver = await rawReceiver(answer);
      await using sender = openSender();
      const [outcome, ms] = await timed(() => post(sender, receiver.url, { timeoutMs: 300 }));
      assert.equal(outcome.error, 'timeout');
      assert.equal(outcome.statusCode, null);
      assert.match(outcome.errorDetail ?? '', /^timed out waiting for the (rest of the head of the )?response$/);
      assert.ok(ms < HANG_MS, `${ms} ms`);
      await until(() => receiver.open === 0);
    });
  }

  test('a receiver that never reads our 256 KB', { timeout: 60_000 }, async () => {
    await using receiver = await rawReceiver(() => {}, { onConnect: (socket) => setImmediate(() => socket.pause()) });
    await using sender = openSender();
    const body = 'x'.repeat(8 * 1024 * 1024);
    const [outcome, ms] = await timed(() => post(sender, receiver.url, { timeoutMs: 300, body }));
    assert.equal(outcome.error, 'timeout');
    assert.ok(ms < HANG_MS, `${ms} ms`);
  });

  test('a port that drops SYNs', { timeout: 60_000 }, async (context) => {
    // A process that stands still, with room for two connections in its queue: the kernel drops what comes after.
    const script =
      "require('net').createServer().listen(0,'127.0.0.1',1,function(){process.send(this.address().port)})";
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    context.after(() => void child.kill('SIGKILL'));
    const [port] = (await once(child, 'message')) as [number];
    child.kill('SIGSTOP');
    const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    context.after(() => {
      for (const filler of fillers) filler.destroy();
    });
    await pause(300);
    await using sender = openSender();
    const outcome = await post(sender, `http://127.0.0.1:${port}/`, { timeoutMs: 500 });
    assert.equal(outcome.error, 'timeout');
  });

  test('a name whose resolver never answers', { timeout: 60_000 }, async () => {
    await using sender = openSender({ resolve: () => new Promise(() => {}) });
    const [outcome, ms] = await timed(() => post(sender, 'http://slow.example/', { timeoutMs: 300 }));
    assert.equal(outcome.error, 'timeout');
    assert.ok(ms < HANG_MS, `${ms} ms`);
  });

  test('an answer to the name after the deadline connects nowhere', { timeout: 60_000 }, async () => {
    await using receiver = await rawReceiver((socket) => socket.end());
    await using sender = openSender({ resolve: () => pause(200).then(() => ['127.0.0.1']) });
    const outcome = await post(sender, `http://slow.example:${receiver.port}/`, { timeoutMs: 100 });
    assert.equal(outcome.error, 'timeout');
    await pause(200);
    assert.equal(receiver.connects, 0);
  });

  test('a handshake that never ends', { timeout: 60_000 }, async () => {
    await using receiver = await rawReceiver(() => {});
    await using sender = openSender();
    const [outcome, ms] = await timed(() => post(sender, `https://127.0.0.1:${receiver.port}/`, { timeoutMs: 300 }));
    assert.equal(outcome.error, 'timeout');
    assert.ok(ms < HANG_MS, `${ms} ms`);
    await until(() => receiver.open === 0);
  });
});

describe('the outcome is fixed at the status line', { concurrency: 8 }, () => {
  const BODIES: readonly (readonly [string, string, (socket: Socket) => void])[] = [
    ['drips for ever', HEAD, (socket) => drip(socket, '1\r\nx\r\n', 50)],
    ['never comes', HEAD, () => {}],
    ['is endless', HEAD, (socket) => pour(socket)],
    ['claims 10 GB', 'HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n', (socket) => pour(socket)],
    ['breaks off', `${HEAD}5\r\nhello\r\n`, (socket) => setTimeout(() => socket.resetAndDestroy(), 20)],
    ['is no chunk', `${HEAD}zz\r\n`, () => {}],
  ];
  for (const [name, head, then] of BODIES) {
    test(`a 200 whose body ${name} is delivered, and soon`, { timeout: 60_000 }, async () => {
      await using receiver = await rawReceiver((socket) => {
        socket.write(head);
        then(socket);
      });
      await using sender = openSender();
      const [outcome, ms] = await timed(() => post(sender, receiver.url, { timeoutMs: 2 * HANG_MS }));
      assert.equal(outcome.statusCode, 200);
      assert.equal(outcome.error, null);
      assert.ok(Buffer.byteLength(outcome.responseExcerpt ?? '') <= 4_096);
      assert.ok(ms < HANG_MS, 'long before the deadline');
      // Rounded to a whole millisecond.
      assert.ok(outcome.durationMs <= ms + 0.5, 'the duration is that of the status line');
      await until(() => receiver.open === 0);
    });
  }

  test('the deadline comes first where it is nearer', { timeout: 60_000 }, async () => {
    await using receiver = await rawReceiver((socket) => socket.write(HEAD));
    await using sender = openSender();
    // Timers of one process fire in their order, however slow it is: the excerpt is waited for for longer than this.
    const ended: string[] = [];
    const far = post(sender, receiver.url, { timeoutMs: 2 * HANG_MS }).finally(() => ended.push('far'));
    const near = post(sender, receiver.url, { timeoutMs: 300 }).finally(() => ended.push('near'));
    for (const outcome of await Promise.all([near, far])) assert.equal(outcome.error, null);
    assert.deepEqual(ended, ['near', 'far']);
  });

  test('at most 64 KB are read, and what the kernel had buffered', { timeout: 60_000 }, async () => {
    let written = 0;
    await using receiver = await rawReceiver((socket) => {
      socket.write(HEAD);
      written = 0;
      pour(socket, (bytes) => {
        written += bytes;
      });
    });
    await using sender = openSender();
    await post(sender, receiver.url);
    await until(() => receiver.open === 0);
    assert.ok(written < 16 * 1024 * 1024, `${written} bytes`);
  });
});

describe('an endless stream of bytes outside of headers and body ends the attempt', () => {
  const FLOODS: readonly (readonly [name: string, head: string, flood: string, status: number | null])[] = [
    ['a reason phrase', 'HTTP/1.1 200 ', 'x', null],
    ['empty lines before the answer', '', '\r\n', null],
    ['an extension of a chunk', `${HEAD}5;`, 'x', 200],
    ['zeros before a chunk’s size', HEAD, '0', 200],
    ['trailers', `${HEAD}0\r\n`, 'a: b\r\n', 200],
    ['a name of a header', 'HTTP/1.1 200 OK\r\n', 'x', null],
  ];
  for (const [name, head, flood, status] of FLOODS) {
    test(name, { timeout: 60_000 }, async () => {
      let written = 0;
      await using receiver = await rawReceiver((socket) => {
        socket.write(head);
        const count = (bytes: number): void => {
          written += bytes;
        };
        pour(socket, count, Buffer.from(flood.repeat(16_384)));
      });
      await using sender = openSender();
      const outcome = await post(sender, receiver.url, { timeoutMs: 60_000 });
      assert.equal(outcome.statusCode, status);
      if (status === null) assert.match(String(outcome.error), /^(invalid_response|headers_too_large)$/);
      else assert.equal(outcome.error, null);
      await until(() => receiver.open === 0);
      assert.ok(written < 16 * 1024 * 1024, `${written} bytes`);
    });
  }
});

test('a hung path delays no other endpoint of the same host and port', { timeout: 60_000 }, async () => {
  const hanging: Socket[] = [];
  await using receiver = await rawReceiver((socket) => {
    if (receiver.requests.at(-1)?.startsWith('POST /hang')) hanging.push(socket);
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  await using sender = openSender();
  const base = `http://127.0.0.1:${receiver.port}`;
  let ended = 0;
  const hung = Array.from({ length: 10 }, () =>
    post(sender, `${base}/hang`, { endpointId: 'a' as EndpointId, timeoutMs: 2 * HANG_MS }).finally(() => ended++),
  );
  await until(() => hanging.length === 10);
  for (let n = 0; n < 100; n++) {
    const outcome = await post(sender, `${base}/ok`, { endpointId: 'b' as EndpointId, timeoutMs: HANG_MS });
    assert.equal(outcome.error, null);
  }
  assert.equal(ended, 0, 'none of the hundred waited for one that hangs');
  for (const socket of hanging) socket.destroy();
  for (const outcome of await Promise.all(hung)) assert.equal(outcome.error, 'connection_reset');
});

/** Writes for as long as the other side takes it: chunks, or what is given. */
function pour(
  socket: Socket,
  onWrite: (bytes: number) => void = () => {},
  chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`),
): void {
  const more = (): void => {
    if (socket.destroyed) return;
    onWrite(chunk.length);
    socket.write(chunk, () => setImmediate(more));
  };
  more();
}
