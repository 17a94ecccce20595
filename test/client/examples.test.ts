import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { before, describe, test } from 'node:test';
import { serve } from '@hono/node-server';
import { workThrough } from '../../packages/client/examples/consume.ts';
import * as express from '../../packages/client/examples/receive-express.ts';
import * as fastify from '../../packages/client/examples/receive-fastify.ts';
import * as hono from '../../packages/client/examples/receive-hono.ts';
import { sendOrders } from '../../packages/client/examples/send.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const KEY = 'test-api-key-change-in-prod';
type Take = (type: string, data: unknown) => void;

describe('examples of the client', () => {
  let service: TestService;
  const cleanup = suiteCleanup();
  before(async () => {
    service = await startTestService(cleanup);
  });

  test('a sender may run twice', async () => {
    assert.equal(await sendOrders(service.url, KEY), 1_000);
    assert.equal(await sendOrders(service.url, KEY), 0);
  });

  test('a consumer works through the inbox until it is stopped', async () => {
    const stop = new AbortController();
    let done = 0;
    const work = async (type: string) => {
      assert.equal(type, 'order.created');
      if (++done === 1_000) stop.abort();
    };
    await workThrough(service.url, KEY, work, stop.signal);
    const left = await service.get('/api/inbox');
    assert.deepEqual([done, left.json.data.length], [1_000, 0]);
  });

  const servers: Record<string, (secret: string, take: Take) => Promise<Server>> = {
    express: async (secret, take) => express.createReceiver(secret, take).listen(0, '127.0.0.1'),
    fastify: async (secret, take) => {
      const app = fastify.createReceiver(secret, take);
      await app.listen({ port: 0, host: '127.0.0.1' });
      return app.server;
    },
    hono: async (secret, take) => {
      const app = hono.createReceiver(secret, take);
      return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    },
  };
  for (const [name, start] of Object.entries(servers)) {
    test(`${name} takes what is genuine, and refuses what is not`, async (context) => {
      const secret = `whsec_${Buffer.alloc(32, name).toString('base64')}`;
      const taken: unknown[] = [];
      const server = await start(secret, (type, data) => taken.push([type, data]));
      context.after(() => {
        server.closeAllConnections();
        server.close();
      });
      if (!server.listening) await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
      const type = `example.${name}`;
      const made = await service.post('/api/endpoints', { url, event_types: [type], secret });
      assert.equal(made.status, 201, made.text);
      const id = await service.send(type, { text: 'äöü', list: [1, 2] });
      await eventually(() => assert.deepEqual(taken, [[type, { text: 'äöü', list: [1, 2] }]]));
      await eventually(async () => {
        const event = await service.get(`/api/events/${id}`);
        assert.equal(event.json.deliveries[0].last_status_code, 204);
      });
      const forged = await fetch(url, {
        method: 'POST',
        headers: {
          'webhook-id': 'x',
          'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
          'webhook-signature': 'v1,AA==',
        },
        body: '{"type":"forged","data":1}',
      });
      assert.equal(forged.status, 400);
      assert.equal(taken.length, 1);
    });
  }
});
