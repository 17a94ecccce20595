import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { EndpointId } from '../../src/core/ids.ts';
import { AddressGuard } from '../../src/sender/addresses/address-guard.ts';
import { openSender, pause, post, rawReceiver, until } from './support.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function say(text: string): (socket: Socket) => void {
  return (socket) => socket.write(text);
}

describe('kept connections', { concurrency: 8 }, () => {
  test('one after another share one', async () => {
    await using receiver = await rawReceiver(say(OK));
    await using sender = openSender();
    for (let n = 0; n < 20; n++) assert.equal((await post(sender, receiver.url)).error, null);
    assert.equal(receiver.connects, 1);
  });

  test('opens as many connections as concurrent requests, and no more', async () => {
    await using receiver = await rawReceiver((socket) => setTimeout(say(OK), 20, socket));
    await using sender = openSender();
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 10 }, () => post(sender, receiver.url)));
    }
    assert.equal(receiver.connects, 10);
  });

  test('never between two endpoints', async () => {
    await using receiver = await rawReceiver(say(OK));
    await using sender = openSender();
    await post(sender, receiver.url, { endpointId: 'a' as EndpointId });
    await post(sender, receiver.url, { endpointId: 'b' as EndpointId });
    assert.equal(receiver.connects, 2);
  });

  test('a body of up to 64 KB keeps the connection, a longer one costs it', async () => {
    for (const [bytes, connects] of [
      [0, 1],
      [4_097, 1],
      [60_000, 1],
      [70_000, 2],
    ] as const) {
      await using receiver = await rawReceiver(
        say(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`),
      );
      await using sender = openSender();
      for (let n = 0; n < 2; n++) {
        const outcome = await post(sender, receiver.url);
        assert.equal(outcome.responseExcerpt?.length, Math.min(bytes, 4_096));
      }
      assert.equal(receiver.connects, connects, `${bytes} bytes`);
    }
  });

  test('a change of the URL uses none of the old ones', { timeout: 60_000 }, async () => {
    await using old = await rawReceiver(say(OK));
    await using now = await rawReceiver(say(OK));
    await using sender = openSender();
    await post(sender, old.url);
    await post(sender, now.url);
    assert.equal(now.connects, 1);
    await until(() => old.open === 0);
  });

  test('forget closes idle ones at once, those at work when they are done', { timeout: 60_000 }, async () => {
    const waiting: Socket[] = [];
    await using receiver = await rawReceiver((socket, n) => (n === 1 ? say(OK)(socket) : void waiting.push(socket)));
    await using sender = openSender();
    await post(sender, receiver.url);
    sender.forget('endpoint' as EndpointId);
    await until(() => receiver.open === 0);
    const atWork = post(sender, receiver.url);
    await until(() => waiting.length === 1);
    sender.forget('endpoint' as EndpointId);
    for (const socket of waiting) socket.write(OK);
    assert.equal((await atWork).error, null);
    await until(() => receiver.open === 0);
  });

  test("a receiver's own Keep-Alive of 1 s leaves no time to use it again", async () => {
    await using receiver = await rawReceiver(say(OK.replace('OK\r\n', 'OK\r\nKeep-Alive: timeout=1\r\n')));
    await using sender = openSender();
    await post(sender, receiver.url);
    await until(() => receiver.open === 0);
  });
});

describe('a kept connection that has died', { concurrency: 4 }, () => {
  test('closed while idle: the next goes over a new one, and arrives once', async () => {
    await using receiver = await rawReceiver((socket) => {
      socket.write(OK);
      setTimeout(() => socket.end(), 20);
    });
    await using sender = openSender();
    for (let n = 0; n < 5; n++) {
      assert.equal((await post(sender, receiver.url)).error, null);
      await until(() => receiver.open === 0);
    }
    assert.equal(receiver.requests.length, 5);
  });

  for (const [name, die] of [
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    test(`${name} as the request arrives: a second try at once, the same attempt`, async () => {
      await using receiver = await rawReceiver((socket, n) => (n === 2 ? die(socket) : say(OK)(socket)));
      await using sender = openSender();
      assert.equal((await post(sender, receiver.url)).error, null);
      const outcome = await post(sender, receiver.url);
      assert.equal(outcome.error, null);
      assert.equal(receiver.requests.length, 3);
      assert.equal(receiver.requests[1], receiver.requests[2], 'byte for byte the same');
      assert.equal(receiver.connects, 2);
    });
  }

  test('closed or reset at any moment, 400 times: nothing fails, everything arrives', async () => {
    let closed = 0;
    await using receiver = await rawReceiver((socket) => {
      socket.write(OK);
      // From just before the next request to just after it.
      const die = () => {
        // Node keeps the handle of a socket that is reset while it is being closed: the process would never end.
        if (socket.destroyed || socket.writableEnded) return;
        closed += 1;
        if (closed % 2 === 0) socket.end();
        else socket.resetAndDestroy();
      };
      setTimeout(() => setTimeout(die, Math.random() * 4), 2);
    });
    await using sender = openSender();
    const posts = Array.from({ length: 4 }, async (_, lane) => {
      for (let n = 0; n < 100; n++) {
        const changes = { endpointId: `${lane}` as EndpointId, body: `${lane}-${n}` };
        assert.equal((await post(sender, receiver.url, changes)).error, null, `${lane}-${n}`);
        await pause(2 + Math.random() * 4);
      }
    });
    await Promise.all(posts);
    const arrived = new Set(receiver.requests.map((text) => text.slice(text.lastIndexOf('\n') + 1)));
    assert.equal(arrived.size, 400);
    assert.ok(closed > 100, `${closed} connections were closed`);
  });

  test('only once: a receiver that always hangs up is a failed attempt', async () => {
    await using receiver = await rawReceiver((socket, n) => (n === 1 ? say(OK)(socket) : socket.end()));
    await using sender = openSender();
    await post(sender, receiver.url);
    assert.equal((await post(sender, receiver.url)).error, 'connection_reset');
    assert.equal(receiver.requests.length, 3);
  });

  test('no second try after one byte of an answer, and none on a new connection', async () => {
    await using receiver = await rawReceiver((socket, n) =>
      n === 1 ? say(OK)(socket) : socket.end(n === 2 ? 'H' : ''),
    );
    await using sender = openSender();
    await post(sender, receiver.url);
    assert.equal((await post(sender, receiver.url)).error, 'connection_reset');
    assert.equal(receiver.requests.length, 2, 'it had begun to answer');
    assert.equal((await post(sender, receiver.url)).error, 'connection_reset');
    assert.equal(receiver.requests.length, 3, 'a new connection that dies is an answer of its own');
  });

  test('the second try has only the time that is left', async () => {
    await using receiver = await rawReceiver((socket, n) => {
      if (n === 1) socket.write(OK);
      else if (n === 2) setTimeout(() => socket.destroy(), 20);
    });
    await using sender = openSender();
    await post(sender, receiver.url);
    assert.equal((await post(sender, receiver.url, { timeoutMs: 400 })).error, 'timeout');
    assert.equal(receiver.requests.length, 3);
  });

  test('one that dies late has been at work: a failed attempt, and no second request', async () => {
    await using receiver = await rawReceiver((socket, n) => {
      if (n === 1) socket.write(OK);
      else setTimeout(() => socket.destroy(), 600);
    });
    await using sender = openSender();
    await post(sender, receiver.url);
    const outcome = await post(sender, receiver.url);
    assert.equal(outcome.error, 'connection_reset');
    assert.equal(outcome.errorDetail, 'the receiver closed the connection before it answered');
    await pause(20);
    assert.equal(receiver.requests.length, 2);
  });

  test('an unexpected response is not used for the next request', async () => {
    await using receiver = await rawReceiver((socket, n) => socket.write(n === 1 ? OK + OK.replace('200', '500') : OK));
    await using sender = openSender();
    assert.equal((await post(sender, receiver.url)).statusCode, 200);
    assert.equal((await post(sender, receiver.url)).statusCode, 200);
    assert.equal(receiver.connects, 2);
  });
});

describe('an answer that comes before the request was read', { concurrency: 4 }, () => {
  const REFUSED = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n';
  const WAYS: readonly (readonly [string, (socket: Socket) => void])[] = [
    ['the rest is read', (socket) => socket.write(REFUSED)],
    ['the rest is read, and the connection ends', (socket) => socket.end(REFUSED)],
    ['nothing more is read', (socket) => socket.pause().end(REFUSED)],
    ['the connection is reset', (socket) => socket.write(REFUSED, () => socket.resetAndDestroy())],
  ];
  for (const [name, answer] of WAYS) {
    test(name, { timeout: 60_000 }, async () => {
      await using receiver = await rawReceiver(() => {}, {
        onConnect: (socket) => socket.once('data', () => answer(socket)),
      });
      await using sender = openSender();
      for (let n = 1; n <= 3; n++) {
        const outcome = await post(sender, receiver.url, { body: 'x'.repeat(8 * 1024 * 1024) });
        assert.equal(outcome.statusCode, 413);
        assert.equal(receiver.connects, n, 'a connection with half a request on it is of no more use');
      }
    });
  }
});

describe('close', () => {
  test('idle ones end at once; those at work may end within the grace; nothing more is sent', async () => {
    const waiting: Socket[] = [];
    await using receiver = await rawReceiver((socket) => waiting.push(socket));
    const sender = openSender();
    const atWork = post(sender, receiver.url);
    await until(() => waiting.length === 1);
    const closed = sender.close(2_000);
    assert.equal((await post(sender, receiver.url)).error, 'local');
    for (const socket of waiting) socket.write(OK);
    assert.equal((await atWork).error, null);
    await closed;
    await until(() => receiver.open === 0);
    assert.equal(receiver.requests.length, 1);
  });

  test('after the grace period sent requests are interrupted, and unsent ones were never attempted', async () => {
    await using receiver = await rawReceiver(() => {});
    const sender = openSender();
    const atWork = [post(sender, receiver.url), post(sender, receiver.url)];
    await until(() => receiver.requests.length === 2);
    await sender.close(100);
    for (const outcome of await Promise.all(atWork)) assert.equal(outcome.error, 'interrupted');
    await until(() => receiver.open === 0);
  });

  test('a name still being resolved after the grace period: nothing was sent', async () => {
    const sender = openSender({ resolve: () => new Promise(() => {}) });
    const atWork = post(sender, 'http://slow.test/');
    await pause(5);
    await sender.close(10);
    assert.equal((await atWork).error, 'local');
  });

  test('with nothing at work it takes no time', async () => {
    await openSender().close(60_000);
  });
});

test('the address that was reached is checked again', async () => {
  await using receiver = await rawReceiver(say(OK));
  await using sender = openSender();
  const original = AddressGuard.prototype.allowsAddress;
  AddressGuard.prototype.allowsAddress = () => false;
  try {
    assert.equal((await post(sender, receiver.url)).error, 'address_not_allowed');
  } finally {
    AddressGuard.prototype.allowsAddress = original;
  }
  assert.equal(receiver.requests.length, 0);
});
