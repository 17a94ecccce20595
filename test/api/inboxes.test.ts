import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

describe('inboxes by name', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function inbox(name: string, more: object = {}) {
    const made = await service.post('/api/inboxes', { name, ...more });
    assert.equal(made.status, 201, made.text);
    return made.json;
  }

  async function lease(body: object) {
    const leased = await service.post('/api/inbox/lease', body);
    assert.equal(leased.status, 200, leased.text);
    return leased.json;
  }

  const dataOf = (leased: { data: { data: unknown }[] }) => leased.data.map(({ data }) => data);
  const patch = (name: string, body: object) => service.call('PATCH', `/api/inboxes/${name}`, { body });

  test('each has a state of its own, and only what it wants, from when it was made', async () => {
    await service.send('named.a', 'before');
    const made = await inbox('orders', { event_types: ['named.*'], max_leases: 3 });
    assert.deepEqual([made.event_types, made.max_leases, made.paused], [['named.*'], 3, false]);
    await inbox('others');
    await service.send('named.a', 1);
    await service.send('else', 2);
    await service.send('named.b', 3);
    const mine = await lease({ inbox: 'orders' });
    assert.deepEqual(dataOf(mine), [1, 3]);
    assert.deepEqual(dataOf(await lease({ inbox: 'others' })), [1, 2, 3]);
    assert.equal(
      (await service.post('/api/inbox/ack', { inbox: 'orders', lease_id: mine.lease_id })).json.acknowledged,
      2,
    );
    assert.deepEqual((await service.get('/api/inbox?inbox=orders&status=acked')).json.data.length, 2);
    assert.equal((await service.get('/api/inbox?inbox=others&status=acked')).json.data.length, 0);
    const shown = (await service.get('/api/inboxes')).json.data.map(({ name }: { name: string }) => name);
    assert.deepEqual(shown.slice(0, 3).sort(), ['default', 'orders', 'others']);
  });

  test('one that is paused keeps what arrives; who waits gets it when it is resumed', async () => {
    await inbox('paused', { event_types: ['pause'], paused: true });
    await service.send('pause', 1);
    assert.deepEqual(dataOf(await lease({ inbox: 'paused' })), []);
    assert.equal((await service.get('/api/inbox?inbox=paused')).json.data.length, 1);
    const waiting = lease({ inbox: 'paused', wait_seconds: 10 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await patch('paused', { paused: false })).json.paused, false);
    assert.deepEqual(dataOf(await waiting), [1]);
  });

  test('what it wants can be changed, for what nobody has looked at', async () => {
    await inbox('changing', { event_types: ['change.a'] });
    await service.send('change.b', 1);
    assert.deepEqual((await patch('changing', { event_types: ['change.b'], max_leases: 5 })).json.max_leases, 5);
    await service.send('change.b', 2);
    assert.ok(dataOf(await lease({ inbox: 'changing' })).includes(2));
  });

  test('one that is removed is gone with all that it knew; its name may be had again', async () => {
    await inbox('gone', { event_types: ['gone'] });
    for (let n = 0; n < 5; n++) await service.send('gone', n);
    await lease({ inbox: 'gone', lease_limit: 3 });
    const waiting = lease({ inbox: 'gone', wait_seconds: 10, event_types: ['nothing'] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await service.call('DELETE', '/api/inboxes/gone')).status, 204);
    assert.deepEqual(dataOf(await waiting), []);
    assert.equal((await service.call('DELETE', '/api/inboxes/gone')).status, 404);
    assert.equal((await service.post('/api/inbox/lease', { inbox: 'gone' })).status, 404);
    await inbox('gone', { event_types: ['gone'] });
    assert.deepEqual(dataOf(await lease({ inbox: 'gone' })), []);
  });

  test('a trace tells of every inbox', async () => {
    await inbox('traced', { event_types: ['traced'] });
    const id = await service.send('traced', 1);
    await lease({ inbox: 'traced' });
    const { inboxes } = (await service.get(`/api/events/${id}/trace`)).json;
    const of = (name: string) => inboxes.find((one: { name: string }) => one.name === name);
    assert.deepEqual(of('traced'), { name: 'traced', matched: true, reason: null, status: 'leased', lease_count: 1 });
    assert.deepEqual([of('orders').matched, of('orders').reason], [false, 'type']);
  });

  test('wrong ones are refused; the one that everybody has stays', async () => {
    await eventually(() => inbox('taken'));
    assert.equal((await service.post('/api/inboxes', { name: 'taken' })).status, 409);
    assert.equal((await service.call('DELETE', '/api/inboxes/default')).status, 409);
    assert.equal((await patch('default', { max_leases: 20 })).json.max_leases, 20);
    for (const body of [
      {},
      { name: '' },
      { name: 'a/b' },
      { name: '__proto__' },
      { name: 'x'.repeat(101) },
      { name: 'a', max_leases: 0 },
      { name: 'a', event_types: ['a b'] },
      { name: 'a', other: 1 },
    ]) {
      assert.equal((await service.post('/api/inboxes', body)).status, 422, JSON.stringify(body));
    }
    for (const name of ['nope', '__proto__', '%00']) {
      assert.equal((await service.get(`/api/inboxes/${name}`)).status, 404);
      assert.equal((await patch(name, {})).status, 404);
    }
  });
});
