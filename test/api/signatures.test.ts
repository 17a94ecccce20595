import assert from 'node:assert/strict';
import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { Webhook } from 'standardwebhooks';
import { makeCertificates } from '../sender/certificates.ts';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const FAST = { retry_schedule: ['100ms'], timeout_seconds: 2, max_attempts: 1 };

describe('signatures, secrets and certificates', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  before(async () => {
    service = await startTestService(cleanup);
  });

  async function endpoint(url: string, more: object = {}) {
    const created = await service.post('/api/endpoints', { url, ...FAST, ...more });
    assert.equal(created.status, 201, created.text);
    return created.json;
  }

  function isSigned(secret: string, { body, headers }: ReceivedRequest): boolean {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  }

  function isSignedBy(publicKey: string, { body, headers }: ReceivedRequest): boolean {
    const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const [, signature = ''] = /v1a,(\S+)/.exec(headers['webhook-signature'] ?? '') ?? [];
    return verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'));
  }

  test('an endpoint may ask for both forms, or the asymmetric one alone', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const made = await endpoint(receiver.url, { event_types: ['both'], signatures: ['v1', 'v1a'] });
    assert.match(made.public_key, /^whpk_/);
    assert.doesNotMatch(JSON.stringify(made), /whsk_/);
    await service.send('both', 1);
    const [first] = await receiver.waitFor(1);
    assert.ok(first);
    assert.ok(isSigned(made.secret, first));
    assert.ok(isSignedBy(made.public_key, first));
    const patched = await service.call('PATCH', `/api/endpoints/${made.id}`, { body: { signatures: ['v1a'] } });
    assert.equal(patched.json.public_key, made.public_key, 'the key stays');
    await service.send('both', 2);
    const [, second] = await receiver.waitFor(2);
    assert.ok(second);
    assert.match(second.headers['webhook-signature'] ?? '', /^v1a,\S+$/);
    assert.ok(isSignedBy(made.public_key, second));
    assert.equal((await service.post('/api/endpoints', { url: receiver.url, signatures: ['v2'] })).status, 422);
    assert.equal((await service.post('/api/endpoints', { url: receiver.url, signatures: [] })).status, 422);
  });

  test('after a rotation both secrets sign until the grace is over, on every attempt', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id, secret: old } = await endpoint(receiver.url, { event_types: ['rotate'] });
    const before = Date.now();
    const rotated = await service.post(`/api/endpoints/${id}/rotate-secret`, { grace_seconds: 2 });
    assert.equal(rotated.status, 200, rotated.text);
    const { secret: now, previous_secret_expires_at } = rotated.json;
    assert.notEqual(now, old);
    const expiresAt = Date.parse(previous_secret_expires_at);
    assert.ok(expiresAt >= before + 2_000 && expiresAt <= Date.now() + 2_000);
    assert.deepEqual((await service.get(`/api/endpoints/${id}/secret`)).json, { secret: now });
    await service.send('rotate', 1);
    const [during] = await receiver.waitFor(1);
    assert.ok(during);
    assert.deepEqual([isSigned(old, during), isSigned(now, during)], [true, true]);
    await new Promise((resolve) => setTimeout(resolve, expiresAt - Date.now() + 50));
    await service.send('rotate', 2);
    const [, after] = await receiver.waitFor(2);
    assert.ok(after);
    assert.deepEqual([isSigned(old, after), isSigned(now, after)], [false, true]);
  });

  test('a rotation without grace, with a secret of one’s own, and a second one during the grace', async (context) => {
    const receiver = await Receiver.start();
    context.after(() => receiver.stop());
    const { id, secret: first } = await endpoint(receiver.url, { event_types: ['twice'] });
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const second = await service.post(`/api/endpoints/${id}/rotate-secret`, { secret: own });
    assert.equal(second.json.secret, own);
    assert.ok(second.json.previous_secret_expires_at);
    const third = (await service.post(`/api/endpoints/${id}/rotate-secret`)).json.secret;
    await service.send('twice', 1);
    const [got] = await receiver.waitFor(1);
    assert.ok(got);
    assert.deepEqual([isSigned(first, got), isSigned(own, got), isSigned(third, got)], [false, true, true]);
    const none = await service.post(`/api/endpoints/${id}/rotate-secret`, { grace_seconds: 0 });
    assert.equal(none.json.previous_secret_expires_at, null);
    for (const body of [{ grace_seconds: -1 }, { grace_seconds: 604_801 }, { secret: 'short' }, { other: 1 }]) {
      assert.equal((await service.post(`/api/endpoints/${id}/rotate-secret`, body)).status, 422, JSON.stringify(body));
    }
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/rotate-secret`, {})).status, 404);
  });

  test('the test button gives back the whole attempt, data byte for byte, and keeps nothing', async (context) => {
    const receiver = await Receiver.start((_got, response) => void response.writeHead(500).end('no, thanks'));
    context.after(() => receiver.stop());
    const { id, secret } = await endpoint(receiver.url, { event_types: ['none'], enabled: false });
    const raw = '{"type":"my.test","data":{ "n":12345678901234567890 }}';
    const sent = await service.call('POST', `/api/endpoints/${id}/test`, { raw });
    assert.equal(sent.status, 200, sent.text);
    const { event_id, number, status_code, error, response_excerpt, duration_ms, request } = sent.json;
    assert.deepEqual([number, status_code, error, response_excerpt], [1, 500, 'status', 'no, thanks']);
    assert.ok(duration_ms >= 0);
    const [got] = receiver.requests;
    assert.ok(got);
    assert.ok(isSigned(secret, got));
    assert.equal(got.body.toString(), request.body);
    assert.ok(request.body.includes('"data":{ "n":12345678901234567890 }'));
    assert.equal(got.headers['webhook-id'], event_id);
    assert.equal(request.headers['x-event-type'], 'my.test');
    assert.doesNotMatch(sent.text, /whsec_/);
    assert.equal((await service.get(`/api/events/${event_id}`)).status, 404);
    await service.post(`/api/endpoints/${id}/test`);
    assert.equal(receiver.requests.length, 2, 'twice is twice');
    assert.equal((await service.post(`/api/endpoints/${id}/test`, { type: 'a b' })).status, 422);
    assert.equal((await service.post(`/api/endpoints/${id}/test`, { other: 1 })).status, 422);
    assert.equal((await service.call('POST', `/api/endpoints/${id}/test`, { raw: '{' })).status, 400);
    assert.equal((await service.post(`/api/endpoints/${randomUUID()}/test`, {})).status, 404);
  });

  test('ten tests at once are enough', async (context) => {
    const held: (() => void)[] = [];
    const receiver = await Receiver.start((_got, response) => {
      held.push(() => response.writeHead(200).end());
    });
    context.after(() => receiver.stop());
    const { id } = await endpoint(receiver.url, { event_types: ['none'], timeout_seconds: 10 });
    const ten = Array.from({ length: 10 }, () => service.post(`/api/endpoints/${id}/test`, {}));
    await receiver.waitFor(10);
    const refused = await service.post(`/api/endpoints/${id}/test`, {});
    assert.equal(refused.status, 429);
    assert.ok(refused.headers['retry-after']);
    for (const answer of held) answer();
    for (const sent of await Promise.all(ten)) assert.equal(sent.json.status_code, 200);
  });

  test('a client certificate is shown to a receiver that asks, and its key to nobody', async (context) => {
    const certificates = makeCertificates();
    const { good, authority, otherName } = certificates;
    const names: string[] = [];
    const server = createServer({ ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
    server.on('request', (request, response) => {
      names.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
      request.resume();
      response.end();
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const client_certificate = { certificate: otherName.cert, key: otherName.key };
    const made = await endpoint(url, { event_types: ['mtls'], client_certificate });
    assert.match(made.client_certificate.fingerprint_sha256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.match(made.client_certificate.not_after, /^20/);
    for (const text of [JSON.stringify(made), (await service.get('/api/endpoints')).text]) {
      assert.doesNotMatch(text, /BEGIN/);
    }
    // The receiver's own certificate is of an authority that nobody knows: it is refused all the same.
    const sent = await service.post(`/api/endpoints/${made.id}/test`, {});
    assert.equal(sent.json.error, 'tls_failed');
    assert.deepEqual(names, []);
    for (const [wrong, path] of [
      [{ certificate: 'x', key: otherName.key }, 'client_certificate.certificate'],
      [{ certificate: otherName.cert, key: good.key }, 'client_certificate.key'],
      [{ certificate: otherName.cert, key: 'x' }, 'client_certificate.key'],
      [{ certificate: otherName.cert }, 'client_certificate.key'],
    ] as const) {
      const refused = await service.post('/api/endpoints', { url, client_certificate: wrong });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.errors[0].path, path);
      assert.doesNotMatch(refused.text, /BEGIN/);
    }
    const without = await service.call('PATCH', `/api/endpoints/${made.id}`, { body: { client_certificate: null } });
    assert.equal(without.json.client_certificate, null);
  });

  test('nothing of a refused address is told but that it was', async () => {
    const { id } = await endpoint('https://good.invalid/');
    const sent = await eventually(async () => service.post(`/api/endpoints/${id}/test`, {}));
    assert.equal(sent.json.status_code, null);
    assert.equal(sent.json.response_excerpt, null);
  });
});
