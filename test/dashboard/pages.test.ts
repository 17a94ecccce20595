import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { axeFaults, startBrowser } from '../support/browser.ts';
import { HANG_MS } from '../support/hang.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const PAGES = ['live', 'events', 'endpoints', 'failed', 'inbox', 'keys', 'send'];
const EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)>';

describe('the dashboard in Chromium', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let browser: Browser;
  let good: Receiver;
  let bad: Receiver;
  let endpoint: string;
  let evilEvent: string;
  const troubles: string[] = [];

  before(async () => {
    service = await startTestService(cleanup);
    browser = await startBrowser(cleanup);
    good = await Receiver.start((_got, response) => void response.end(EVIL));
    bad = await Receiver.start((_got, response) => void response.writeHead(500).end(EVIL));
    cleanup.after(() => good.stop());
    cleanup.after(() => bad.stop());
    const post = (path: string, body: unknown) => service.post(path, body);
    endpoint = (await post('/api/endpoints', { url: `${good.url}/hook`, description: EVIL })).json.id;
    await post('/api/endpoints', { url: bad.url, event_types: ['fails.*'], max_attempts: 1 });
    const more = { dedup_id: EVIL, ordering_key: EVIL };
    evilEvent = await service.send('evil.event', { [EVIL]: EVIL, big: 1 }, more);
    await post('/api/keys', { name: EVIL });
    await service.send('fails.one', { text: EVIL });
    await service.send('fails.two', { text: EVIL });
    await eventually(async () => {
      assert.equal((await service.get('/api/deliveries?status=failed')).json.data.length, 2);
    });
  });

  async function open(
    path: string,
    theme: 'light' | 'dark' = 'light',
    key = service.key,
    url = service.url,
  ): Promise<Page> {
    const context: BrowserContext = await browser.newContext({ colorScheme: theme });
    const page = await context.newPage();
    page.setDefaultTimeout(HANG_MS);
    page.on('dialog', (dialog) => {
      if (dialog.type() === 'alert') troubles.push(dialog.message());
      void dialog.accept();
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && message.text().includes('Content Security Policy'))
        troubles.push(message.text());
    });
    // Signed in for this tab, as pasting the key does.
    if (key !== '') await page.addInitScript(`sessionStorage.setItem('triggers.key', ${JSON.stringify(key)})`);
    await page.goto(`${url}/dashboard#/${path}`);
    return page;
  }

  test('signing in: a wrong key is refused with a reason, the offered one enters', async () => {
    const page = await open('live', 'light', '');
    const field = page.getByLabel('API key');
    await eventually(async () => assert.equal(await field.inputValue(), service.key));
    assert.deepEqual(await axeFaults(page), []);
    await field.fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This API key is not valid.').waitFor();
    await field.fill(service.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await field.waitFor();
    await page.context().close();
  });

  test('live: 200 events a second flow, the rows stay bounded, pausing holds them', async () => {
    const page = await open('live');
    await page.locator('.pulse.live').waitFor();
    for (let second = 0; second < 3; second++) {
      const events = Array.from({ length: 200 }, (_, n) => ({ type: 'flow.event', data: { second, n } }));
      await Promise.all([service.post('/api/events/batch', events), page.waitForTimeout(1_000)]);
    }
    await eventually(async () => {
      const seen = await page.locator('.figure', { hasText: 'events seen' }).locator('b').textContent();
      assert.equal(seen, '600');
    });
    // Their attempts are rows too, and only so many are told in a second: what follows comes when all that is over.
    await eventually(() => {
      const delivered = good.requests.filter(({ body }) => body.includes('flow.event'));
      assert.ok(delivered.length >= 600, `${delivered.length} attempts`);
    });
    await page.waitForTimeout(1_500);
    assert.ok((await page.locator('tbody tr').count()) <= 100);
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await page.locator('tbody tr').first().textContent();
    await service.send('flow.late', {});
    await page.waitForTimeout(400);
    assert.equal(await page.getByText('flow.late').count(), 0, before ?? '');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('flow.late').waitFor();
    await page.getByLabel('Types').fill('only.*');
    await page.keyboard.press('Enter');
    await page.getByText('No events yet').waitFor();
    await page.locator('.pulse.live').waitFor();
    await eventually(async () => {
      await service.send('only.this', {});
      assert.ok((await page.getByText('only.this').count()) > 0);
    });
    assert.equal(await page.getByText('flow.late').count(), 0);
    await page.context().close();
  });

  test('events: found by type, shown in full, replayed; markup is text', async () => {
    const page = await open('events');
    await page.getByLabel('Type', { exact: true }).fill('evil.event');
    await page.getByRole('button', { name: 'Find' }).click();
    await eventually(async () => assert.equal(await page.locator('tbody tr').count(), 1));
    await page.getByRole('link', { name: 'evil.event' }).click();
    await page.getByRole('heading', { name: 'evil.event' }).waitFor();
    assert.ok((await page.locator('main').textContent())?.includes(EVIL));
    const had = good.requests.filter(({ headers }) => headers['webhook-id'] === evilEvent).length;
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('Replayed to 1 endpoint.').waitFor();
    await eventually(() => {
      assert.equal(good.requests.filter(({ headers }) => headers['webhook-id'] === evilEvent).length, had + 1);
    });
    assert.equal(await page.locator('main img, main script').count(), 0);
    await page.context().close();
  });

  test('endpoints: created, tested, paused, secret shown, deleted', async () => {
    const page = await open('endpoints');
    await page.getByRole('button', { name: 'New endpoint' }).click();
    await page.getByLabel('URL').fill(`${good.url}/made`);
    await page.getByLabel('Event types').fill('made.*, other.one');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('Test: 200').waitFor();
    assert.ok((await page.getByLabel('Test', { exact: true }).textContent())?.includes('webhook-signature'));
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Endpoints' }).waitFor();
    const { json } = await service.get('/api/endpoints');
    assert.equal(json.data.length, 2);
    await page.context().close();
  });

  test('endpoints: tested in the form, the secret rotated, a day recovered', async () => {
    const page = await open('endpoints');
    await page.getByText('closed').first().waitFor();
    await page
      .getByRole('img', { name: /Duration of the last \d+ attempts/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'New endpoint' }).click();
    await page.getByLabel('URL').fill(`${bad.url}/tested`);
    await page.getByLabel('Event types').fill('tested.*');
    await page.getByRole('button', { name: 'Create and send a test' }).click();
    await page.getByText('Test: 500').waitFor();
    assert.ok((await page.getByRole('region', { name: 'Response body' }).textContent())?.includes(EVIL));
    await page.getByRole('link', { name: 'Open the endpoint' }).click();
    await page.getByRole('button', { name: 'Show' }).click();
    const secret = page.getByRole('region', { name: 'Signing secret' });
    const first = await secret.textContent();
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByText('Rotated: both secrets sign for one more day.').waitFor();
    assert.notEqual(await secret.textContent(), first);
    const failing = (await service.get('/api/endpoints')).json.data.find(({ url }: { url: string }) => url === bad.url);
    await page.evaluate(`location.hash = '#/endpoints/${failing.id}'`);
    await page.getByRole('heading', { name: bad.url, exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Last errors' }).waitFor();
    const before = bad.requests.length;
    await page.getByRole('button', { name: 'Retry last 24 hours' }).click();
    await page.getByText(/Retrying deliveries that failed in the last day: \d/).waitFor();
    await eventually(() => assert.ok(bad.requests.length > before));
    await eventually(async () => {
      assert.equal((await service.get('/api/deliveries?status=failed')).json.data.length, 2);
    });
    await page.context().close();
  });

  test('failed: one, a selection and all are retried', async () => {
    const page = await open('failed');
    const before = bad.requests.length;
    await page.getByRole('button', { name: 'Retry', exact: true }).first().click();
    await page.getByText('Retrying 1.').waitFor();
    await eventually(() => assert.equal(bad.requests.length, before + 1));
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Retry 1 selected' }).click();
    await eventually(() => assert.equal(bad.requests.length, before + 2));
    await eventually(async () => {
      assert.equal((await service.get('/api/deliveries?status=failed')).json.data.length, 2);
    });
    await page.getByRole('button', { name: 'Retry all', exact: true }).click();
    await eventually(() => assert.equal(bad.requests.length, before + 4));
    await page.context().close();
  });

  test('inbox: leased and acknowledged', async () => {
    const page = await open('inbox');
    await page.getByRole('button', { name: 'Lease 10' }).click();
    await page.getByRole('button', { name: 'Acknowledge lease' }).click();
    await page.getByText('Acknowledged.').waitFor();
    assert.equal((await service.get('/api/inbox?status=acked')).json.data.length, 10);
    await page.context().close();
  });

  test('inbox: released, acknowledged one by one, and requeued out of the quarantine', async () => {
    const name = 'worker';
    assert.equal((await service.post('/api/inboxes', { name, max_leases: 1 })).status, 201);
    await service.send('work.one', {});
    await service.send('work.two', {});
    const page = await open(`inbox?inbox=${name}`);
    await page.getByRole('link', { name: 'work.one' }).waitFor();
    await page.getByRole('button', { name: 'Ack', exact: true }).first().click();
    await page.getByText('Acknowledged.').waitFor();
    await page.getByRole('button', { name: 'Lease 10' }).click();
    await page.getByRole('button', { name: 'Release' }).click();
    await page.getByText('Released').waitFor();
    // Leased as often as it may be: the next lease finds it too often.
    await page.getByLabel('Status').selectOption('quarantined');
    await page.getByRole('button', { name: 'Requeue' }).click();
    await page.getByText('Requeued. The event is available again.').waitFor();
    assert.equal((await service.get(`/api/inbox?inbox=${name}&status=available`)).json.data.length, 1);
    await page.context().close();
  });

  test('keys: rotated, and the tab goes on with the new one', async () => {
    const own = await service.post('/api/keys', { name: 'tab' });
    const page = await open('keys', 'light', own.json.api_key);
    await page.getByRole('button', { name: 'Rotate this key' }).click();
    const shown = await page.getByRole('region', { name: 'New key' }).textContent();
    assert.ok(shown?.startsWith('tr_'), shown ?? '');
    await eventually(async () => assert.equal(await page.evaluate(`sessionStorage.getItem('triggers.key')`), shown));
    await page.evaluate(`location.hash = '#/events'`);
    await page.getByRole('heading', { name: 'Events' }).waitFor();
    assert.equal((await service.get('/api/me', { key: shown })).status, 200);
    await page.context().close();
  });

  test('one event raw, and the other theme, which is kept', async () => {
    const page = await open(`events/${evilEvent}`);
    await page.getByRole('button', { name: 'Raw' }).click();
    await page.getByText('"big":1').waitFor();
    await page.getByRole('button', { name: 'Use the dark theme' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'evil.event' }).waitFor();
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await page.context().close();
  });

  test('live: after the connection was cut it is there again, with what came meanwhile', async () => {
    const { hostname, port } = new URL(service.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    cleanup.after(() => proxy.stop());
    const page = await open('live', 'light', service.key, `http://127.0.0.1:${proxy.port}`);
    await page.locator('.pulse.live').waitFor();
    await service.send('cut.before', {});
    await page.getByText('cut.before').first().waitFor();
    proxy.cutAll();
    await service.send('cut.meanwhile', {});
    await page.getByText('cut.meanwhile').first().waitFor();
    await page.locator('.pulse.live').waitFor();
    await page.context().close();
  });

  test('keys: made, shown once, revoked', async () => {
    const page = await open('keys');
    await page.getByLabel('Name').fill('from the browser');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByRole('button', { name: 'Revoke from the browser' }).click();
    await page.getByText('"from the browser" is revoked.').waitFor();
    await page.context().close();
  });

  test('send: the payload goes out as it was typed, and is followed to the receiver', async () => {
    const page = await open('send');
    await page.getByLabel('Payload (JSON)').fill('{"id": 12345678901234567890}');
    await page.getByRole('button', { name: 'Send event' }).click();
    await page.getByText(/1\. 200 in/).waitFor();
    await page.getByText('"id": 12345678901234567890', { exact: false }).last().waitFor();
    assert.ok(good.requests.at(-1)?.body.includes('{"id": 12345678901234567890}'));
    await page.context().close();
  });

  for (const theme of ['light', 'dark'] as const) {
    test(`axe finds nothing serious in the ${theme} theme`, async () => {
      const page = await open('live', theme);
      await page.locator('.pulse.live').waitFor();
      assert.equal(await page.evaluate('document.documentElement.dataset.theme'), theme);
      for (const path of [...PAGES, `events/${evilEvent}`, `endpoints/${endpoint}`]) {
        await page.evaluate(`location.hash = '#/${path}'`);
        await page.waitForTimeout(500);
        assert.deepEqual(await axeFaults(page), [], path);
      }
      await page.context().close();
    });
  }

  test('an address that is none shows a page all the same', async () => {
    const page = await open('%');
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    for (const [path, heading] of [
      ['events/%', null],
      ['%E0%A4%A', 'Live'],
      ['constructor', 'Live'],
      ['__proto__/%2', 'Live'],
      ['events?type=%', 'Events'],
    ] as const) {
      await page.evaluate(`location.hash = '#/${path}'`);
      await page.getByRole('navigation', { name: 'Pages' }).waitFor();
      if (heading !== null) await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    }
    await page.context().close();
  });

  test('nothing of a tenant ran, no page broke, and the policy was kept', () => assert.deepEqual(troubles, []));
});
