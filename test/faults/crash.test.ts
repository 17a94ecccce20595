import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import { Oracle } from '../support/oracle.ts';
import { randomFrom } from '../support/random.ts';
import { Receiver } from '../support/receiver.ts';
import { Client } from '../support/service.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** `CRASH_ROUNDS=200 npm test -- test/faults/crash.test.ts` for the long form. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 20);
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CLIENTS = 8;

test(`killed at random ${ROUNDS} times under load, it loses nothing and stores nothing twice (seed ${SEED})`, async (context) => {
  const random = randomFrom(SEED);
  const dataDir = temporaryFolder(context);
  const receiver = await Receiver.start();
  context.after(() => receiver.stop());

  let service = await ServiceProcess.start({ DATA_DIR: dataDir });
  const env = { DATA_DIR: dataDir, PORT: new URL(service.url).port };
  const client = new Client(service.url, DEVELOPMENT_KEY);
  context.after(async () => {
    await client.close();
    await service.stop('SIGKILL');
  });
  assert.equal((await client.post('/api/webhook/config', { webhook_url: receiver.url })).status, 200);

  const oracle = new Oracle({ name: String(SEED), client: () => client });
  oracle.start(CLIENTS);
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 500));
    await service.stop('SIGKILL');
    service = await ServiceProcess.start(env);
  }
  await oracle.stop();
  assert.ok(oracle.answered.size > ROUNDS * CLIENTS, `only ${oracle.answered.size} events were sent`);
  const { events, sentAgain } = await oracle.check({ client, receiver });
  assert.equal(events, oracle.answered.size, 'nothing but what was answered is there');
  context.diagnostic(`${events} events, ${sentAgain} sent more than once`);
});
