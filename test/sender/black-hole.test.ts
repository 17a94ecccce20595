import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFirst, SpareSockets } from '../../src/sender/connections/connect-first.ts';
import { blackHole } from './black-hole.ts';
import { openSender, post, rawReceiver, until } from './support.ts';

test('where packets vanish the attempt ends in time, and nothing of it stays', { timeout: 60_000 }, async () => {
  await using hole = await blackHole();
  const before = await hole.connecting();
  await using sender = openSender();
  const attempt = post(sender, `http://127.0.0.1:${hole.port}/`, { timeoutMs: 500 });
  await hole.untilConnecting(before + 1);
  const { error, errorDetail } = await attempt;
  assert.deepEqual([error, errorDetail], ['timeout', 'timed out waiting for the connection']);
  let left = Number.POSITIVE_INFINITY;
  await until(() => {
    void hole.connecting().then((count) => {
      left = count;
    });
    return left <= before;
  });
});

for (const addresses of [
  ['127.0.0.1', '::1'],
  ['::1', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
]) {
  test(`a lost first packet is sent again by the system: ${addresses}`, { timeout: 60_000 }, async () => {
    await using hole = await blackHole();
    const before = await hole.connecting();
    await using sender = openSender({ resolve: async () => addresses });
    const attempt = post(sender, `http://far.test:${hole.port}/`);
    await hole.untilConnecting(before + 1);
    // Longer than one address is tried alone.
    setTimeout(hole.open, 400);
    assert.equal((await attempt).statusCode, 200);
  });
}

test('the next address is tried while the first is silent', { timeout: 60_000 }, async () => {
  await using hole = await blackHole();
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 204\r\n\r\n'), {
    host: '127.0.0.2',
    port: hole.port,
  });
  const before = await hole.connecting();
  await using sender = openSender({ resolve: async () => ['127.0.0.1', '127.0.0.2'] });
  assert.equal((await post(sender, `http://two.test:${hole.port}/`)).statusCode, 204);
  assert.equal(receiver.connects, 1);
  while ((await hole.connecting()) > before) await new Promise((resolve) => setTimeout(resolve, 10));
});

test('addresses that refuse are passed at once, and the word is theirs when all do', { timeout: 60_000 }, async () => {
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 204\r\n\r\n'), { host: '127.0.0.9' });
  const all = Array.from({ length: 9 }, (_, n) => `127.0.0.${n + 1}`);
  await using sender = openSender({ resolve: async (name) => (name === 'all.test' ? all : all.slice(0, 8)) });
  assert.equal((await post(sender, `http://all.test:${receiver.port}/`)).statusCode, 204);
  const { error, errorDetail } = await post(sender, `http://none.test:${receiver.port}/`);
  assert.deepEqual([error, errorDetail], ['connection_refused', 'nothing listens on the port']);
});

test('without spare sockets each address is tried alone, and the last has all the time', {
  timeout: 60_000,
}, async () => {
  await using hole = await blackHole();
  // Of those that filled the queue, the last may still be on its way.
  let before = 0;
  for (let look = 0; look < 20; look++) {
    before = Math.max(before, await hole.connecting());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const spare = new SpareSockets();
  let taken = 0;
  while (spare.take()) taken++;
  const addresses = ['127.0.0.1', '127.0.0.1', '127.0.0.1'];
  const connected = new Promise((resolve) =>
    connectFirst({ addresses, port: hole.port, spare }, (error, socket) => {
      socket?.destroy();
      resolve(error);
    }),
  );
  for (let look = 0; look < 60; look++) {
    assert.ok((await hole.connecting()) <= before + 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  hole.open();
  assert.equal(await connected, null);
  assert.equal(spare.take(), false);
  for (; taken > 0; taken--) spare.release();
});

test('spare sockets are released', { timeout: 60_000 }, async () => {
  await using hole = await blackHole();
  const spare = new SpareSockets();
  const addresses = Array.from({ length: 9 }, () => '127.0.0.1');
  const cancels = Array.from({ length: 3 }, () => connectFirst({ addresses, port: hole.port, spare }, () => {}));
  await hole.untilConnecting(12);
  for (const cancel of cancels) cancel();
  let free = 0;
  while (spare.take()) free++;
  assert.equal(free, 128);
});
