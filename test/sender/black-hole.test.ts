import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openSender, post, until } from './support.ts';

/** Listens for two connections, then never runs again: the kernel drops the first packet of every other one. */
const LISTEN_AND_STOP = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;
const SYN_SENT = '02';

async function connecting(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter(([, , to, state]) => to?.endsWith(remote) && state === SYN_SENT).length;
}

test('where packets vanish the attempt ends in time, and nothing of it stays', { timeout: 10_000 }, async (context) => {
  const worker = new Worker(LISTEN_AND_STOP, { eval: true });
  context.after(() => worker.terminate());
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const fillers: Socket[] = [];
  context.after(() => fillers.forEach((socket) => void socket.destroy()));
  while ((await connecting(port)) === 0) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), untilConnecting(port)]);
  }
  const before = await connecting(port);
  await using sender = openSender();
  const attempt = post(sender, `http://127.0.0.1:${port}/`, { timeoutMs: 500 });
  await untilConnecting(port, before + 1);
  assert.equal((await attempt).error, 'timeout');
  let left = Number.POSITIVE_INFINITY;
  await until(() => {
    void connecting(port).then((count) => {
      left = count;
    });
    return left <= before;
  });
});

async function untilConnecting(port: number, count = 1): Promise<void> {
  while ((await connecting(port)) < count) await new Promise((resolve) => setTimeout(resolve, 10));
}
