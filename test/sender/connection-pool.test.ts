import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { AddressGuard } from '../../src/sender/addresses/address-guard.ts';
import { Networks } from '../../src/sender/addresses/networks.ts';
import { ConnectionPool } from '../../src/sender/connections/connection-pool.ts';
import { Exchange } from '../../src/sender/exchange.ts';
import { clock, rawReceiver, request, until } from './support.ts';

function makePool(): ConnectionPool {
  const networks = new Networks({ allowedNetworks: [], allowLoopback: true });
  const guard = new AddressGuard(networks, async () => []);
  return new ConnectionPool(
    { guard, clock, secureContextOf: () => createSecureContext() },
    {
      httpsOnly: false,
      blockedPorts: new Set(),
    },
  );
}

function exchange(
  pool: ConnectionPool,
  id: string,
  url: string,
  look: (ended: Exchange) => void = () => {},
): Promise<AttemptOutcome> {
  const endpoint = pool.endpoint({ endpointId: id as EndpointId, url });
  assert.ok(endpoint !== undefined);
  return new Promise((resolve) => {
    const onEnd = (ended: Exchange, outcome: AttemptOutcome): void => {
      look(ended);
      resolve(outcome);
    };
    new Exchange({ request: request(url), userAgent: 'test', endpoint, pool, clock, onEnd }).start();
  });
}

test('1,100 endpoints keep 1,000 connections, those used last; closed ones leave nothing behind', async () => {
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const pool = makePool();
  for (let batch = 0; batch < 22; batch++) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => exchange(pool, `${batch * 50 + n}`, receiver.url)));
  }
  assert.deepEqual(pool.size, { endpoints: 1_000, idle: 1_000 });
  await until(() => receiver.open === 1_000);
  await exchange(pool, '1099', receiver.url);
  assert.equal(receiver.connects, 1_100, 'the last one is still kept');
  await exchange(pool, '0', receiver.url);
  assert.equal(receiver.connects, 1_101, 'the first one is not');
  pool.closeIdle();
  assert.deepEqual(pool.size, { endpoints: 0, idle: 0 });
  await until(() => receiver.open === 0);
});

test('an idle connection holds on to nothing of the request it served', async () => {
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const pool = makePool();
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const served: WeakRef<Exchange>[] = [];
  for (let n = 0; n < 10; n++) await exchange(pool, `${n}`, receiver.url, (ended) => served.push(new WeakRef(ended)));
  await turns(10);
  collectGarbage();
  assert.equal(pool.size.idle, 10);
  assert.equal(served.length, 10);
  assert.deepEqual(
    served.filter((ended) => ended.deref() !== undefined),
    [],
  );
  pool.closeIdle();
});

test('endpoints that are refused, fail or are forgotten leave nothing behind', async () => {
  await using hangsUp = await rawReceiver((socket) => socket.end());
  await using closes = await rawReceiver((socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'));
  const pool = makePool();
  assert.equal(pool.endpoint({ endpointId: 'refused' as EndpointId, url: 'file:///etc/passwd' }), undefined);
  await exchange(pool, 'refused', 'http://10.0.0.1/');
  await exchange(pool, 'hangs up', hangsUp.url);
  await exchange(pool, 'closes', closes.url);
  await until(() => pool.size.endpoints === 0);
  const answered = exchange(pool, 'forgotten', closes.url);
  pool.forget('forgotten' as EndpointId);
  assert.equal((await answered).error, null);
  assert.deepEqual(pool.size, { endpoints: 0, idle: 0 });
});

test('idle connections close after 4 s, and nothing of their endpoints is left', async (context) => {
  await using receiver = await rawReceiver((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const pool = makePool();
  context.mock.timers.enable({ apis: ['setTimeout'] });
  for (let n = 0; n < 50; n++) await exchange(pool, `${n}`, receiver.url);
  await turns(10);
  context.mock.timers.tick(3_900);
  await turns(50);
  assert.equal(receiver.open, 50);
  context.mock.timers.tick(200);
  context.mock.timers.reset();
  await until(() => receiver.open === 0);
  await until(() => pool.size.endpoints === 0);
});

/** Lets the event loop go round, without a timer. */
async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}
