import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { SystemClock } from '../../src/app/clock.ts';
import { createLog } from '../../src/app/logging/log.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('messages that had their leases', () => {
  const cleanup = suiteCleanup();
  const lines: Record<string, unknown>[] = [];
  let service: TestService;
  before(async () => {
    const sink = {
      write: (text: string) => {
        for (const line of text.split('\n')) if (line !== '') lines.push(JSON.parse(line));
      },
      flush: async () => {},
    };
    const log = createLog({ level: 'info', form: 'json', colors: false, clock: new SystemClock(), sink });
    service = await startTestService(cleanup, {}, log);
  });

  /** An inbox whose messages are quarantined by their first release. */
  const newInbox = async (name: string, of = service) => {
    const made = await of.post('/api/inboxes', {
      name,
      event_types: [`${name}.*`, 'inbox.quarantined'],
      max_leases: 1,
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json.quarantined, 0);
    return made.json.id as string;
  };
  const send = async (count: number, type: string, of = service) => {
    const events = Array.from({ length: count }, () => ({ type, data: { secret: 'payload' } }));
    const { json, text } = await of.post('/api/events/batch', events);
    const ids: string[] = (json.results ?? []).map(({ id }: { id: string }) => id);
    assert.equal(ids.length, count, text);
    await Promise.all(ids.map((id) => of.recorded(id)));
    return ids;
  };
  const leaseAndRelease = async (inbox: string, of = service) => {
    const { json } = await of.post('/api/inbox/lease', { inbox, lease_limit: 1_000 });
    await of.post('/api/inbox/release', { inbox, lease_id: json.lease_id });
    return json.data.length as number;
  };
  const metric = async () => {
    const { text } = await service.get('/metrics', { key: null });
    return Number(/^triggers_inbox_quarantined_total (\d+)$/m.exec(text)?.[1]);
  };

  test('are told: in the log, a metric, health, the inbox, and once to who names the event', async (context) => {
    const [told, everything] = [await Receiver.start(), await Receiver.start()];
    context.after(() => Promise.all([told.stop(), everything.stop()]).then(() => {}));
    await service.post('/api/endpoints', { url: told.url, event_types: ['inbox.quarantined'] });
    await service.post('/api/endpoints', { url: everything.url, event_types: [] });
    const inboxId = await newInbox('poison');
    assert.equal(await metric(), 0);
    const ids = await send(105, 'poison.a');
    // What a client calls so is told of like what we call so: not by another such event.
    await send(1, 'inbox.quarantined');
    assert.equal(await leaseAndRelease('poison'), 106);
    assert.equal(await metric(), 106);
    const shown = await service.get('/api/inboxes/poison');
    assert.equal(shown.json.quarantined, 106);
    const all = (await service.get('/api/inboxes')).json.data;
    assert.deepEqual(
      all.map(({ name, quarantined }: { name: string; quarantined: number }) => [name, quarantined]),
      [
        ['default', 0],
        ['poison', 106],
      ],
    );
    const health = (await service.get('/health/detailed')).json;
    assert.deepEqual(health.inboxes, { quarantined: 106 });

    const of = () => told.requests.map(({ body }) => JSON.parse(body.toString()));
    const ours = await eventually(() => {
      const found = of().filter(({ data }) => data.inbox !== undefined);
      assert.equal(found.length, 1);
      return found[0];
    });
    assert.deepEqual(Object.keys(ours.data), ['inbox', 'count', 'event_ids', 'quarantined_at']);
    assert.deepEqual([ours.data.inbox, ours.data.count, ours.data.event_ids.length], ['poison', 105, 100]);
    for (const id of ours.data.event_ids) assert.ok(ids.includes(id));
    assert.ok(!JSON.stringify(ours).includes('payload'));

    const line = lines.filter(({ inbox_id }) => inbox_id === inboxId);
    assert.equal(line.length, 1, JSON.stringify(line));
    assert.deepEqual([line[0]?.['level'], line[0]?.['count']], ['warn', 106]);
    assert.ok(!JSON.stringify(line).includes('payload'));

    // The word itself is in the inbox, and its own quarantine is no news.
    await eventually(async () => assert.equal(await leaseAndRelease('poison'), 1));
    assert.equal(await metric(), 107);
    await send(1, 'poison.b');
    await leaseAndRelease('poison');
    const second = await eventually(() => {
      const found = of().filter(({ data }) => data.inbox !== undefined);
      assert.equal(found.length, 2);
      return found[1];
    });
    assert.equal(second.data.count, 1);
    assert.ok(everything.requests.every(({ body }) => JSON.parse(body.toString()).data.inbox === undefined));
  });

  test('are requeued by what they are', async () => {
    const inbox = 'again';
    await newInbox(inbox);
    const [a, , b] = [await send(1, 'again.a'), await setTimeout(5), await send(1, 'again.b')];
    const at = (await service.get(`/api/events/${b[0]}`)).json.created_at as string;
    await send(1, 'again.b');
    const quarantined = async () => (await service.get(`/api/inboxes/${inbox}`)).json.quarantined as number;
    const requeue = async (filter: object) => {
      const answer = await service.post('/api/inbox/requeue', { inbox, all: true, ...filter });
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual([answer.json.not_found, answer.json.more, answer.json.next_cursor], [[], false, null]);
      return answer.json.requeued as number;
    };
    assert.equal(await leaseAndRelease(inbox), 3);
    assert.equal(await quarantined(), 3);
    assert.equal(await requeue({ event_types: ['other', 'never.**'] }), 0);
    assert.equal(await requeue({ to: at, event_types: ['*.b'] }), 0);
    assert.equal(await requeue({ to: at }), 1);
    const leased = await service.post('/api/inbox/lease', { inbox });
    assert.deepEqual([leased.json.data[0].id, leased.json.data[0].lease_count], [a[0], 1]);
    assert.equal(await requeue({ from: at, event_types: ['*.a'] }), 0);
    assert.equal(await requeue({ from: at, event_types: ['*.b'] }), 2);
    assert.equal(await quarantined(), 0);
    const wrong = await service.post('/api/inbox/requeue', { inbox, all: true, cursor: 'nonsense' });
    assert.equal(wrong.json.code, 'invalid_cursor');
  });

  test('are told by a service that stops right after', async (context) => {
    const first = await startTestService(context);
    await first.post('/api/endpoints', { url: 'http://127.0.0.1:9/', event_types: ['inbox.*'] });
    await newInbox('last', first);
    const [id] = await send(1, 'last.a', first);
    await leaseAndRelease('last', first);
    await first.stop();
    const next = await startTestService(context, { DATA_DIR: first.dataDir });
    const [event] = await eventually(async () => {
      const { data } = (await next.get('/api/events?type=inbox.quarantined')).json;
      assert.equal(data.length, 1);
      return data;
    });
    assert.deepEqual([event.data.event_ids, event.data.count, event.dedup_id], [[id], 1, null]);
  });
});
