import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { makeCertificates, selfSignedOf } from '../support/certificates.ts';
import { eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

const certificates = makeCertificates();
const { authority, good, otherName, selfSigned, withoutSubject, weak } = certificates;

describe('client certificates', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  /** Who came, by the common name of the certificate shown; a request each. */
  const callers: string[] = [];
  let url: string;
  before(async () => {
    // The receiver's authority is known to the sender, as a public one would be.
    setDefaultCACertificates([...getCACertificates('default'), authority.cert]);
    service = await startTestService(cleanup);
    const server = createServer({ ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
    server.on('request', (request, response) => {
      callers.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
      request.resume();
      response.end();
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  function shown({ cert, key }: { cert: string; key: string }) {
    return { certificate: cert, key };
  }

  async function deliver(endpointId: string): Promise<{ status: string; last_error: string | null }> {
    const eventId = await service.send('mtls', 1);
    return eventually(async () => {
      const { data } = (await service.get(`/api/deliveries?event_id=${eventId}&endpoint_id=${endpointId}`)).json;
      assert.match(data[0].status, /^(delivered|failed)$/);
      return data[0];
    });
  }

  test('the receiver sees the one that the endpoint has now, and nobody ever sees its key', async () => {
    const created = await service.post('/api/endpoints', {
      url,
      event_types: ['mtls'],
      max_attempts: 1,
      client_certificate: shown(otherName),
    });
    assert.equal(created.status, 201, created.text);
    const { id, client_certificate } = created.json;
    assert.match(client_certificate.fingerprint_sha256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    assert.match(client_certificate.not_after, /^20/);
    assert.equal(client_certificate.subject, 'CN=other');
    assert.deepEqual(Object.keys(client_certificate).sort(), ['fingerprint_sha256', 'not_after', 'subject']);

    const tried = await service.post(`/api/endpoints/${id}/test`, {});
    assert.equal(tried.json.status_code, 200, tried.text);
    assert.equal((await deliver(id)).status, 'delivered');
    assert.deepEqual(callers, ['other', 'other']);

    const path = `/api/endpoints/${id}`;
    const changed = await service.call('PATCH', path, { body: { client_certificate: shown(good) } });
    assert.notEqual(changed.json.client_certificate.fingerprint_sha256, client_certificate.fingerprint_sha256);
    assert.equal((await deliver(id)).status, 'delivered');
    assert.deepEqual(callers, ['other', 'other', 'good'], 'not over a connection that was opened with the old one');

    const rest = [created, tried, changed, await service.get(path), await service.get('/api/endpoints')];
    for (const { text } of rest) assert.doesNotMatch(text, /BEGIN|PRIVATE/);

    const without = await service.call('PATCH', path, { body: { client_certificate: null } });
    assert.equal(without.json.client_certificate, null);
    const refused = await service.post(`/api/endpoints/${id}/test`, {});
    assert.equal(
      refused.json.error_detail,
      'the receiver asks for a client certificate, or does not accept the one it got',
    );
    const { status, last_error } = await deliver(id);
    assert.deepEqual([status, last_error], ['failed', 'tls_failed']);
    assert.equal(callers.length, 3, 'nothing of the payload came through');
  });

  test('one that could not be shown is refused at once, and nothing of it is repeated', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const [part] = otherName.key.split('\n').slice(1);
    for (const [client_certificate, path] of [
      [{ certificate: 'x', key: otherName.key }, 'client_certificate.certificate'],
      [{ certificate: '/etc/ssl/cert.pem', key: otherName.key }, 'client_certificate.certificate'],
      [shown(weak), 'client_certificate.certificate'],
      [{ certificate: good.cert + broken, key: good.key }, 'client_certificate.certificate'],
      [{ certificate: otherName.cert, key: good.key }, 'client_certificate.key'],
      [{ certificate: otherName.cert, key: otherName.cert }, 'client_certificate.key'],
      [{ certificate: otherName.cert, key: 'x' }, 'client_certificate.key'],
      [{ certificate: otherName.cert }, 'client_certificate.key'],
      [{ ...shown(otherName), passphrase: 'x' }, 'client_certificate.passphrase'],
      ['x', 'client_certificate'],
    ] as const) {
      const refused = await service.post('/api/endpoints', { url, client_certificate });
      assert.equal(refused.status, 422, `${path} ${refused.text}`);
      assert.equal(refused.json.errors[0].path, path);
      assert.ok(!refused.text.includes('BEGIN') && !refused.text.includes(part ?? ''));
    }
  });

  test('a key whose every use is costly is refused', async () => {
    const curve = (name: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${name}`];
    for (const [kind, status] of [
      [['-newkey', 'rsa:2048'], 201],
      [curve('P-384'), 201],
      [['-newkey', 'ed25519'], 201],
      [['-newkey', 'rsa:4104'], 422],
      [curve('P-521'), 422],
      [['-newkey', 'ed448'], 422],
    ] as const) {
      const client_certificate = shown(selfSignedOf(kind));
      const created = await service.post('/api/endpoints', { url, event_types: ['none'], client_certificate });
      assert.equal(created.status, status, `${kind.join(' ')}: ${created.text}`);
      if (status === 422) assert.equal(created.json.errors[0].path, 'client_certificate.key');
    }
  });

  test('a chain, one without a subject, one signed by itself: all may be shown', async () => {
    const chain = { certificate: otherName.cert + authority.cert, key: otherName.key };
    for (const [client_certificate, subject] of [
      [chain, 'CN=other'],
      [shown(withoutSubject), ''],
      [shown(selfSigned), 'CN=good.test'],
      [{ certificate: good.cert.replaceAll('\n', '\r\n'), key: good.key }, 'CN=good'],
    ] as const) {
      const created = await service.post('/api/endpoints', { url, event_types: ['none'], client_certificate });
      assert.equal(created.status, 201, created.text);
      assert.equal(created.json.client_certificate.subject, subject);
    }
    assert.equal((await service.get('/api/endpoints')).status, 200);
  });
});
