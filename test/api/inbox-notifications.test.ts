import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

/** Longer than the pause between two looks at all inboxes, which finds what was just set up. */
const PATIENCE_MS = 15_000;

describe('inbox notifications', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function newReceiver(status = () => 200) {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(status()).end());
    cleanup.after(() => receiver.stop());
    return receiver;
  }

  test('an inbox that was empty tells once, signed and without content, and again when it ran empty', async () => {
    const receiver = await newReceiver();
    const made = await service.post('/api/inboxes', {
      name: 'woken',
      event_types: ['wake.*'],
      notification_url: receiver.url,
    });
    assert.equal(made.status, 201, made.text);
    assert.match(made.json.notification_secret, /^whsec_/);
    await service.send('other', { secret: 'content' });
    await service.send('wake.one', { secret: 'content' });
    await service.send('wake.two', { secret: 'content' });
    const [first] = await receiver.waitFor(1, PATIENCE_MS);
    assert.ok(first);
    assert.ok(!first.body.includes('content'));
    const verified = new Webhook(made.json.notification_secret).verify(first.body.toString(), first.headers);
    const payload = verified as { type: string; data: unknown };
    assert.deepEqual([payload.type, payload.data], ['inbox.available', { inbox: 'woken' }]);
    await service.send('wake.three', 1);
    const lease = await service.post('/api/inbox/lease', { inbox: 'woken', lease_limit: 2 });
    assert.equal(lease.json.data.length, 2);
    await service.send('wake.four', 1);
    assert.equal(receiver.requests.length, 1, 'it is not empty yet');
    const rest = await service.post('/api/inbox/lease', { inbox: 'woken', lease_limit: 10 });
    assert.equal(rest.json.data.length, 2);
    await service.send('wake.five', 1);
    await receiver.waitFor(2, PATIENCE_MS);
    assert.equal(receiver.requests.length, 2);
  });

  test('what fails is tried again with the same id', async () => {
    let tries = 0;
    const receiver = await newReceiver(() => (++tries === 1 ? 500 : 204));
    await service.post('/api/inboxes', { name: 'failing', event_types: ['fail'], notification_url: receiver.url });
    await service.send('fail', 1);
    const [first, second] = await receiver.waitFor(2, PATIENCE_MS);
    assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
  });

  test('the address can be changed and taken away, and is checked as that of an endpoint', async () => {
    const refused = await service.post('/api/inboxes', { name: 'bad', notification_url: 'http://169.254.169.254/' });
    assert.deepEqual([refused.status, refused.json.code], [422, 'url_not_allowed']);
    assert.equal((await service.get('/api/inboxes/bad')).status, 404);
    await service.post('/api/inboxes', { name: 'changing' });
    assert.equal((await service.get('/api/inboxes/changing/secret')).status, 404);
    const url = 'http://127.0.0.1:9/wake';
    const set = await service.call('PATCH', '/api/inboxes/changing', { body: { notification_url: url } });
    assert.equal(set.json.notification_url, url);
    assert.match((await service.get('/api/inboxes/changing/secret')).json.secret, /^whsec_/);
    const listed = (await service.get('/api/inboxes')).json.data;
    assert.equal(listed.find(({ name }: { name: string }) => name === 'changing').notification_url, url);
    const other = await service.call('PATCH', '/api/inboxes/changing', { body: { max_leases: 3 } });
    assert.equal(other.json.notification_url, url);
    const off = await service.call('PATCH', '/api/inboxes/changing', { body: { notification_url: null } });
    assert.equal(off.json.notification_url, null);
    assert.equal((await service.call('DELETE', '/api/inboxes/changing')).status, 204);
    await eventually(async () => assert.equal((await service.get('/api/inboxes/changing/secret')).status, 404));
  });
});
