import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { verifyWebhook } from '../../packages/client/src/index.ts';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { startTestService, suiteCleanup } from '../support/service.ts';

describe('verifyWebhook, over real deliveries', () => {
  let got: ReceivedRequest;
  let secret: string;
  let publicKey: string;
  const cleanup = suiteCleanup();
  before(async () => {
    const receiver = await Receiver.start();
    cleanup.after(() => receiver.stop());
    const service = await startTestService(cleanup);
    const made = await service.post('/api/endpoints', { url: receiver.url, signatures: ['v1', 'v1a'] });
    ({ secret, public_key: publicKey } = made.json);
    await service.send('verify.me', { text: 'äöü' });
    [got] = (await receiver.waitFor(1)) as [ReceivedRequest];
  });

  test('a genuine one is its payload, by either signature, from text or bytes', async () => {
    for (const [body, key] of [
      [got.body, secret],
      [got.body.toString(), secret],
      [got.body, publicKey],
      [got.body, ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', secret]],
    ] as const) {
      const payload = await verifyWebhook(got.headers, body, key);
      assert.deepEqual([payload.type, payload.data], ['verify.me', { text: 'äöü' }]);
    }
    assert.equal((await verifyWebhook(new Headers(got.headers), got.body, secret)).type, 'verify.me');
  });

  test('everything else is refused, with a code', async () => {
    const other = { ...got.headers };
    const { 'webhook-id': _, ...without } = other;
    const tampered = Buffer.from(got.body.toString().replace('verify', 'verifx'));
    const cases: [Parameters<typeof verifyWebhook>, string][] = [
      [[got.headers, tampered, secret], 'invalid_signature'],
      [[got.headers, got.body, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='], 'invalid_signature'],
      [[{ ...other, 'webhook-id': 'another' }, got.body, secret], 'invalid_signature'],
      [[{ ...other, 'webhook-signature': 'v1,AAAA' }, got.body, secret], 'invalid_signature'],
      [[without, got.body, secret], 'missing_header'],
      [[{ ...other, 'webhook-timestamp': 'soon' }, got.body, secret], 'invalid_timestamp'],
      [[got.headers, got.body, secret, { now: Date.now() + 301_000 }], 'invalid_timestamp'],
      [[got.headers, got.body, secret, { now: Date.now() - 302_000 }], 'invalid_timestamp'],
      [[got.headers, got.body, 'whsec_***'], 'invalid_secret'],
    ];
    for (const [args, code] of cases) await assert.rejects(verifyWebhook(...args), { code }, code);
    await verifyWebhook(got.headers, got.body, secret, { now: Date.now() + 301_000, toleranceSeconds: 600 });
  });
});
