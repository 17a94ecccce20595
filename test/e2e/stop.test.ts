import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import { Receiver } from '../support/receiver.ts';
import { Client, eventually } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** One keep-alive connection that sends a request as soon as it has the answer to the last, and tells how it ended. */
function hammer(url: string, onAnswer: (status: number) => void): Promise<{ unanswered: boolean }> {
  const { hostname, port } = new URL(url);
  const body = '{"type":"stop.test","data":1}';
  const request = `POST /api/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${DEVELOPMENT_KEY}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let unanswered = false;
    let last = false;
    const send = () => {
      unanswered = true;
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      unanswered = false;
      onAnswer(Number(text.slice(9, 12)));
      last = /\r\nconnection: close\r\n/i.test(text);
      if (!last) send();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve({ unanswered }));
  });
}

test('SIGTERM under load: every request that was sent is answered, attempts end, who waits or watches goes home, exit 0', async (context) => {
  const dataDir = temporaryFolder(context);
  const receiver = await Receiver.start((_got, response) => void setTimeout(() => response.writeHead(200).end(), 300));
  context.after(() => receiver.stop());
  const service = await ServiceProcess.start({ DATA_DIR: dataDir });
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(() => client.close());
  await client.post('/api/endpoints', { url: receiver.url, event_types: ['slow'], max_concurrency: 5 });
  for (let i = 0; i < 5; i++) await client.send('slow', i);
  const waiting = client.post('/api/inbox/lease', { wait_seconds: 20, event_types: ['never'] });

  const watching = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      StreamReader.open(service.url, { key: DEVELOPMENT_KEY, query: n % 2 === 0 ? '' : '?types=never', reads: n > 0 }),
    ),
  );
  context.after(() => {
    for (const reader of watching) reader.close();
  });

  const statuses: number[] = [];
  const connections = Array.from({ length: 50 }, () => hammer(service.url, (status) => statuses.push(status)));
  await receiver.waitFor(5);
  await eventually(() => assert.ok(statuses.length > 200));
  const watchersGone = Promise.all(watching.slice(1).map((reader) => reader.untilEnded()));
  const stopping = service.stop('SIGTERM');
  for (const how of await watchersGone) assert.equal(how, 'in order');
  const ended = await stopping;
  assert.deepEqual(ended, { code: 0, signal: null }, service.output);
  const ends = await Promise.all(connections);
  assert.equal(
    ends.filter(({ unanswered }) => unanswered).length,
    0,
    'no request that was sent stays without an answer',
  );
  assert.ok(statuses.every((status) => status === 202));
  assert.equal((await waiting).status, 200);
  assert.equal(receiver.requests.length, 5);

  const again = await ServiceProcess.start({ DATA_DIR: dataDir });
  context.after(() => again.stop());
  const reader = new Client(again.url, DEVELOPMENT_KEY);
  context.after(() => reader.close());
  const delivered = (await reader.get('/api/deliveries?status=delivered')).json.data;
  assert.equal(delivered.length, 5, 'attempts that were under way were recorded');
  // Where a worker records: what was accepted after it had stopped waits for the next one.
  await eventually(async () => assert.equal(await countEvents(reader), statuses.length));
});

async function countEvents(reader: Client): Promise<number> {
  let stored = 0;
  let cursor = '';
  do {
    const page = (await reader.get(`/api/events?type=stop.test&limit=1000${cursor}`)).json;
    stored += page.data.length;
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (cursor !== '');
  return stored;
}

test('an attempt that outlives the stop is given back, and made again at the next start with the same webhook-id', async (context) => {
  const dataDir = temporaryFolder(context);
  const receiver = await Receiver.start((_got, response) => {
    if (receiver.requests.length > 1) response.writeHead(200).end();
  });
  context.after(() => receiver.stop());
  const service = await ServiceProcess.start({ DATA_DIR: dataDir });
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(() => client.close());
  await client.post('/api/endpoints', { url: receiver.url, timeout_seconds: 30 });
  const id = await client.send('slow', 1);
  await receiver.waitFor(1);
  assert.equal((await service.stop('SIGTERM')).code, 0);
  const again = await ServiceProcess.start({ DATA_DIR: dataDir });
  context.after(() => again.stop());
  const [, second] = await receiver.waitFor(2);
  assert.equal(second?.headers['webhook-id'], id);
});

test('a connection that never said a word does not hold the stop', async (context) => {
  const service = await ServiceProcess.start({ DATA_DIR: temporaryFolder(context) });
  const silent = connect(Number(new URL(service.url).port), '127.0.0.1');
  context.after(() => silent.destroy());
  await new Promise((resolve) => silent.once('connect', resolve));
  const ended = new Promise((resolve) => silent.once('close', resolve));
  assert.deepEqual(await service.stop(), { code: 0, signal: null });
  assert.doesNotMatch(service.output, /unfinished work/);
  await ended;
});
