import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { startTestService, suiteCleanup, type TestService } from '../support/service.ts';

/** As Zapier's own examples call it: a Bearer key, an inbox by its id. */
describe('Zapier’s Trigger Inbox API', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  const zapier = (method: string, path: string, body?: unknown) =>
    service.call(method, `/trigger-inbox/api/v1${path}`, {
      key: null,
      headers: { authorization: `Bearer ${service.key}` },
      ...(body === undefined ? {} : { body }),
    });

  test('creates, leases, acknowledges and releases', async () => {
    const made = await zapier('POST', '/inboxes', { name: 'slack', subscription: { action_key: 'message.new' } });
    assert.equal(made.status, 201, made.text);
    const { id } = made.json;
    assert.deepEqual([made.json.status, made.json.name, made.json.paused_reason], ['active', 'slack', null]);
    const empty = await zapier('POST', `/inboxes/${id}/messages/lease`, { lease_limit: 1 });
    assert.deepEqual(empty.json, {
      lease_id: null,
      leased_until: null,
      results: [],
      inbox_attributes: { status: 'active', paused_reason: null },
    });
    for (let n = 0; n < 3; n++) await service.send('message.new', { n });
    await service.send('message.old', 1);
    const leased = await zapier('POST', `/inboxes/${id}/messages/lease`, { lease_seconds: 300, lease_limit: 10 });
    assert.equal(leased.json.results.length, 3);
    const [first, second, third] = leased.json.results;
    assert.deepEqual([first.status, first.payload, first.message_attributes.lease_count], ['leased', { n: 0 }, 1]);
    const { lease_id } = leased.json;
    const acked = await zapier('POST', `/inboxes/${id}/messages/ack`, { lease_id, message_ids: [first.id] });
    assert.deepEqual(acked.json, { acked_id: lease_id, results: [{ id: first.id, status: 'acked' }] });
    const released = await zapier('POST', `/inboxes/${id}/messages/release`, { lease_id, message_ids: [second.id] });
    assert.deepEqual(released.json, { released_id: lease_id, results: [{ id: second.id, status: 'available' }] });
    const rest = await zapier('POST', `/inboxes/${id}/messages/ack`, { lease_id });
    assert.deepEqual(rest.json, { acked_id: lease_id, results: [{ id: third.id, status: 'acked' }] });
    assert.deepEqual((await zapier('POST', `/inboxes/${id}/messages/ack`, { lease_id })).json, {
      acked_id: null,
      results: [],
    });
    const strange = { lease_id: 'x', message_ids: ['no-uuid', '\ud800', randomUUID()] };
    for (const [does, done] of [
      ['ack', 'acked_id'],
      ['release', 'released_id'],
    ]) {
      const answer = await zapier('POST', `/inboxes/${id}/messages/${does}`, strange);
      assert.deepEqual(answer.json, { [String(done)]: null, results: [] }, does);
    }
    const again = await zapier('POST', `/inboxes/${id}/messages/lease`, {});
    assert.deepEqual([again.json.results.length, again.json.results[0].message_attributes.lease_count], [1, 2]);
    const listed = await zapier('GET', `/inboxes/${id}/messages`);
    assert.deepEqual(
      listed.json.results.map(({ status }: { status: string }) => status),
      ['acked', 'leased', 'acked'],
    );
    assert.deepEqual([listed.json.next, listed.json.previous], [null, null]);
  });

  test('pauses, resumes, lists and deletes; the reference’s address works too', async () => {
    const { id } = (await zapier('POST', '/inboxes', {})).json;
    assert.equal((await zapier('POST', `/inboxes/${id}/pause`)).json.status, 'paused');
    await service.send('anything', 1);
    const paused = await zapier('POST', `/inboxes/${id}/messages/lease`, {});
    assert.deepEqual(paused.json.results, []);
    assert.deepEqual(paused.json.inbox_attributes, { status: 'paused', paused_reason: 'user' });
    assert.equal((await zapier('POST', `/inboxes/${id}/resume`)).json.status, 'active');
    const listed = await service.get('/trigger-inbox/v1/inboxes');
    assert.ok(listed.json.results.some((inbox: { id: string }) => inbox.id === id));
    assert.equal((await zapier('DELETE', `/inboxes/${id}`)).status, 204);
    assert.equal((await zapier('GET', `/inboxes/${id}`)).status, 404);
    assert.equal((await zapier('GET', `/inboxes/${randomUUID()}/messages`)).status, 404);
  });

  test('lists in pages', async () => {
    const { id } = (await zapier('POST', '/inboxes', { subscription: { action_key: 'paged' } })).json;
    const events = Array.from({ length: 150 }, (_, n) => ({ type: 'paged', data: n }));
    const sent = await service.post('/api/events/batch', events);
    await service.recorded(sent.json.results.at(-1).id);
    const first = await zapier('GET', `/inboxes/${id}/messages`);
    assert.equal(first.json.results.length, 100);
    const second = await service.get(first.json.next);
    assert.equal(second.json.results.length, 50);
    assert.equal(second.json.next, null);
  });
});
