import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 20, max_attempts: 1 };

describe('endpoints that fail, and who is told', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup, { WEBHOOK_DISABLE_AFTER: '2s' });
  });

  async function endpoint(receiver: Receiver, more: object): Promise<string> {
    const created = await service.post('/api/endpoints', { url: receiver.url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json.id;
  }

  async function shown(id: string) {
    return (await service.get(`/api/endpoints/${id}`)).json;
  }

  async function receiver(context: { after(end: () => Promise<void>): void }, status = 200): Promise<Receiver> {
    const one = await Receiver.start((_got, response) => void response.writeHead(status).end());
    context.after(() => one.stop());
    return one;
  }

  function bodies({ requests }: Receiver) {
    return requests.map(({ body }) => JSON.parse(body.toString()));
  }

  test('who names it hears of failed deliveries and of disabled endpoints; who wants everything does not', async (context) => {
    const [told, everything, gone] = [await receiver(context), await receiver(context), await receiver(context, 410)];
    await endpoint(told, { event_types: ['endpoint.disabled', 'delivery.*'] });
    await endpoint(everything, {});
    await endpoint(everything, { event_types: ['**'] });
    const id = await endpoint(gone, { event_types: ['gone'] });
    const eventId = await service.send('gone', { secret: 1 });
    await told.waitFor(2);
    const heard = bodies(told).sort((a, b) => (a.type < b.type ? -1 : 1));
    assert.deepEqual(
      heard.map(({ type }) => type),
      ['delivery.failed', 'endpoint.disabled'],
    );
    const [failed, disabled] = heard.map(({ data }) => data);
    assert.equal(failed.event_id, eventId);
    assert.equal(failed.endpoint_id, id);
    assert.equal(failed.event_type, 'gone');
    assert.equal(failed.last_status_code, 410);
    assert.equal(failed.attempts, 1);
    assert.deepEqual([disabled.endpoint_id, disabled.reason], [id, 'gone']);
    assert.equal((await shown(id)).disabled_reason, 'gone');
    await service.send('last', 1);
    await everything.waitFor(4);
    assert.deepEqual([...new Set(bodies(everything).map(({ type }) => type))].sort(), ['gone', 'last']);
    const [event] = (await service.get('/api/events?type=delivery.failed')).json.data;
    assert.equal(event.dedup_id, null);
  });

  test('a word of a failed delivery that fails itself is no news', async (context) => {
    const [bad, told] = [await receiver(context, 500), await receiver(context, 500)];
    // Nobody else fails here.
    const own = await startTestService(context);
    const body = { ...FAST, url: told.url, event_types: ['delivery.failed'] };
    const toldId = (await own.post('/api/endpoints', body)).json.id;
    await own.post('/api/endpoints', { ...FAST, url: bad.url, event_types: ['unlucky'] });
    await own.send('unlucky', 1);
    const failed = async (count: number) => {
      const { data } = (await own.get(`/api/deliveries?endpoint_id=${toldId}`)).json;
      assert.deepEqual(
        data.map(({ status }: { status: string }) => status),
        Array(count).fill('failed'),
      );
    };
    await eventually(() => failed(1));
    await own.send('unlucky', 2);
    await eventually(() => failed(2));
    assert.equal((await own.get('/api/events?type=delivery.failed')).json.data.length, 2);
  });

  test('an endpoint of which all attempts failed for so long is disabled, and begins anew when it is enabled', async (context) => {
    const bad = await receiver(context, 500);
    const id = await endpoint(bad, { event_types: ['long'] });
    await service.send('long', 0);
    await eventually(async () => assert.ok((await shown(id)).failing_since !== null));
    await eventually(async () => {
      await service.send('long', 1);
      assert.equal((await shown(id)).status, 'disabled');
    });
    assert.equal((await shown(id)).disabled_reason, 'failing');
    const skipped = await service.send('long', 2);
    await eventually(async () => {
      const [delivery] = (await service.get(`/api/deliveries?event_id=${skipped}`)).json.data;
      assert.equal(delivery.status, 'skipped');
    });
    const enabled = await service.call('PATCH', `/api/endpoints/${id}`, { body: { enabled: true } });
    assert.deepEqual([enabled.json.status, enabled.json.failing_since], ['active', null]);
    const before = bad.requests.length;
    await service.send('long', 3);
    await bad.waitFor(before + 1);
    await eventually(async () => assert.ok((await shown(id)).failing_since !== null));
    assert.equal((await shown(id)).status, 'active', 'one failure is no long time');
  });

  test('one success in between, and it is not failing', async (context) => {
    const changing = await receiver(context, 500);
    const id = await endpoint(changing, { event_types: ['changing'] });
    await service.send('changing', 0);
    await eventually(async () => assert.ok((await shown(id)).failing_since !== null));
    changing.answer = (_got, response) => void response.writeHead(200).end();
    await service.send('changing', 1);
    await eventually(async () => assert.equal((await shown(id)).failing_since, null));
  });
});
