import { randomUUID } from 'node:crypto';
import { Client } from '../../test/support/service.ts';
import { again, pause, type Row } from './row.ts';

const TYPES = 3_000;
/** As many and as long as they may be; they match at their ends only. */
const LONG = (from: string) => Array.from({ length: 100 }, (_, n) => `${'*.'.repeat(118)}${from}${n}`);
const ENDPOINTS = 1_500;

/** What patterns of event types can cost. */
export const PATTERN_ROWS: readonly Row[] = [
  {
    name: 'a lease with 100 long patterns over 3,000 types',
    run: async ({ url, key }, signal) => {
      const client = new Client(url, key);
      // Other patterns each time: what was found out once is of no use.
      await sendTypes(client);
      await again(4, signal, () =>
        client.post('/api/inbox/lease', { lease_limit: 1_000, event_types: LONG(randomUUID().slice(0, 8)) }),
      ).finally(() => client.close());
    },
  },
  {
    name: 'endpoints with patterns, one changed every second',
    run: async ({ url, key }, signal) => {
      const client = new Client(url, key);
      const ids: string[] = [];
      await endpoints(client, ids);
      const sends = again(2, signal, async () => {
        await client.post('/api/events', { type: `abuse.${randomUUID()}`, data: 1 });
        await pause(200);
      });
      await again(1, signal, async () => {
        await client.call('PATCH', `/api/endpoints/${ids[0]}`, { body: { description: randomUUID() } });
        await pause(1_000);
      });
      await sends.finally(() => client.close());
    },
  },
];

async function sendTypes(client: Client): Promise<void> {
  for (let sent = 0; sent < TYPES; sent += 1_000) {
    const items = Array.from({ length: 1_000 }, (_, n) => ({ type: `${'x.'.repeat(118)}t${sent + n}`, data: 1 }));
    const answer = await client.post('/api/events/batch', items);
    if (answer.status !== 202) throw new Error(answer.text);
  }
}

async function endpoints(client: Client, ids: string[]): Promise<void> {
  const make = async () => {
    const event_types = LONG(randomUUID().slice(0, 8));
    const made = await client.post('/api/endpoints', { url: 'http://127.0.0.1:9/', event_types });
    if (made.status !== 201) throw new Error(made.text);
    ids.push(made.json.id);
  };
  for (let n = 0; n < ENDPOINTS; n += 10) await Promise.all(Array.from({ length: 10 }, make));
}
