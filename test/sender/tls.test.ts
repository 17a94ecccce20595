import assert from 'node:assert/strict';
import { createServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { EndpointId, OrganizationId } from '../../src/core/ids.ts';
import { makeCertificates } from '../support/certificates.ts';
import { listen, openSender, pause, post, rawReceiver } from './support.ts';

const certificates = makeCertificates();

interface SecureReceiver extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly {
    body: string;
    servername: string | false | null;
    isResumed: boolean;
    alpn: string | false | null;
  }[];
  /** Bytes of requests that came through, in the clear. */
  readonly connects: number;
}

async function secureReceiver(
  options: ServerOptions,
  onRequest: (socket: TLSSocket) => void = () => {},
): Promise<SecureReceiver> {
  const requests: SecureReceiver['requests'][number][] = [];
  const sockets = new Set<Socket>();
  let connects = 0;
  const server = createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket;
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { servername, alpnProtocol } = socket as TLSSocket & { servername?: string | false };
      onRequest(socket);
      requests.push({ body, servername: servername ?? null, isResumed: socket.isSessionReused(), alpn: alpnProtocol });
      response.setHeader('connection', request.headers['x-close'] === undefined ? 'keep-alive' : 'close');
      response.end('secret');
    });
  });
  server.on('connection', (socket: Socket) => {
    connects += 1;
    sockets.add(socket);
  });
  server.on('tlsClientError', () => {});
  const port = await listen(server, '127.0.0.1');
  return {
    port,
    requests,
    get connects() {
      return connects;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function trustingSender(trusted: readonly string[] = [certificates.authority.cert]): ReturnType<typeof openSender> {
  return openSender({ trustedCertificates: trusted, resolve: async () => ['127.0.0.1'] });
}

describe('TLS that is in order', () => {
  test('by name, by address, with SNI and without h2', async () => {
    await using receiver = await secureReceiver({ ...certificates.good, ALPNProtocols: ['h2', 'http/1.1'] });
    await using sender = trustingSender();
    assert.equal((await post(sender, `https://good.test:${receiver.port}/`)).error, null);
    assert.equal((await post(sender, `https://127.0.0.1:${receiver.port}/`)).error, null);
    assert.equal((await post(sender, `https://GOOD.test.:${receiver.port}/`)).error, null);
    assert.deepEqual(
      receiver.requests.map(({ servername }) => servername),
      ['good.test', false, 'good.test'],
    );
    assert.deepEqual(
      receiver.requests.map(({ alpn }) => alpn),
      ['http/1.1', 'http/1.1', 'http/1.1'],
    );
  });

  test('a server that needs SNI', async () => {
    const good = createSecureContext(certificates.good);
    await using receiver = await secureReceiver({
      ...certificates.otherName,
      SNICallback: (name, done) => done(null, name === 'good.test' ? good : undefined),
    });
    await using sender = trustingSender();
    assert.equal((await post(sender, `https://good.test:${receiver.port}/`)).error, null);
  });

  test('kept connections, and resumed sessions where they are not kept', async () => {
    await using receiver = await secureReceiver(certificates.good);
    await using sender = trustingSender();
    const url = `https://good.test:${receiver.port}/`;
    for (let n = 0; n < 3; n++) await post(sender, url);
    assert.equal(receiver.connects, 1);
    await Promise.all([post(sender, url), post(sender, url), post(sender, url)]);
    assert.equal(receiver.connects, 3);
    assert.deepEqual(
      receiver.requests.map(({ isResumed }) => isResumed),
      [false, false, false, false, true, true],
    );
  });
});

describe('a receiver that asks who connects', () => {
  const { good, authority, otherName } = certificates;
  const client = { certificate: otherName.cert, key: otherName.key };

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const asking = { ...good, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion };

    test(`lets in who shows a certificate, and nobody else (${maxVersion})`, async () => {
      await using receiver = await secureReceiver(asking);
      await using sender = trustingSender();
      const url = `https://good.test:${receiver.port}/`;
      assert.equal((await post(sender, url)).error, 'tls_failed');
      assert.equal(receiver.requests.length, 0, 'nothing of the payload came through');
      assert.equal((await post(sender, url, { clientCertificate: client })).error, null);
      assert.equal((await post(sender, url, { clientCertificate: client })).error, null);
      assert.equal(receiver.requests.length, 2);
      assert.equal(receiver.connects, 2, 'the connection was kept');
      assert.equal((await post(sender, url, { clientCertificate: null })).error, 'tls_failed', 'no old connection');
      assert.equal(receiver.connects, 3);
      assert.equal(receiver.requests.length, 2);
    });

    test(`nor who shows one that it does not trust (${maxVersion})`, async () => {
      const { cert, key } = certificates.selfSigned;
      await using receiver = await secureReceiver(asking);
      await using sender = trustingSender();
      const clientCertificate = { certificate: cert, key };
      const outcome = await post(sender, `https://good.test:${receiver.port}/`, { clientCertificate });
      assert.equal(outcome.error, 'tls_failed');
      assert.equal(receiver.requests.length, 0);
    });
  }

  test('two endpoints of one receiver show each its own', async () => {
    const seen: unknown[] = [];
    await using receiver = await secureReceiver({ ...good, ca: authority.cert, requestCert: true }, (socket) =>
      seen.push(socket.getPeerCertificate().subject?.CN),
    );
    await using sender = trustingSender();
    const url = `https://good.test:${receiver.port}/`;
    const second = { certificate: good.cert, key: good.key };
    for (let round = 0; round < 2; round++) {
      await post(sender, url, { endpointId: 'a' as EndpointId, clientCertificate: client });
      await post(sender, url, { endpointId: 'b' as EndpointId, clientCertificate: second });
    }
    assert.deepEqual(seen, ['other', 'good', 'other', 'good']);
    assert.equal(receiver.connects, 2);
  });

  test('a certificate of which no context can be made is an outcome, never a rejection', async () => {
    await using receiver = await secureReceiver(good);
    await using sender = trustingSender();
    const clientCertificate = { certificate: 'nonsense', key: 'nonsense' };
    const outcome = await post(sender, `https://good.test:${receiver.port}/`, { clientCertificate });
    assert.equal(outcome.error, 'tls_failed');
    assert.equal(receiver.connects, 0);
  });

  test('one that only asks may be told nothing; once it has let us in, a reset is a reset', async () => {
    let isAnswering = true;
    await using receiver = await secureReceiver({ ...good, requestCert: true, rejectUnauthorized: false }, (socket) => {
      if (!isAnswering) socket.destroy();
    });
    await using sender = trustingSender();
    const url = `https://good.test:${receiver.port}/`;
    assert.equal((await post(sender, url)).error, null);
    isAnswering = false;
    assert.equal((await post(sender, url)).error, 'connection_reset');
  });
});

test('many handshakes with a certificate all come to their end, and hung ones of another organization are not in the way', async () => {
  const { good, authority, otherName } = certificates;
  await using receiver = await secureReceiver({ ...good, ca: authority.cert, requestCert: true });
  await using hung = await rawReceiver(() => {});
  await using sender = trustingSender();
  const clientCertificate = { certificate: otherName.cert, key: otherName.key };
  const change = (organization: string, n: number) => ({
    endpointId: `${organization}${n}` as EndpointId,
    organizationId: organization as OrganizationId,
    clientCertificate,
  });
  const waiting = Array.from({ length: 10 }, (_, n) =>
    post(sender, `https://good.test:${hung.port}/`, { ...change('a', n), timeoutMs: 800 }),
  );
  const url = `https://good.test:${receiver.port}/`;
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => post(sender, url, change('b', n))));
  assert.ok(outcomes.every(({ error }) => error === null));
  for (const { error, errorDetail } of await Promise.all(waiting)) {
    assert.deepEqual([error, errorDetail], ['timeout', 'timed out waiting for the TLS handshake']);
  }
});

describe('TLS that is not', () => {
  const { good } = certificates;
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const WRONG: readonly (readonly [string, ServerOptions, readonly string[] | undefined, string])[] = [
    ['self-signed', certificates.selfSigned, undefined, 'certificate is self-signed'],
    ['expired', certificates.expired, undefined, `certificate expired on ${yesterday}`],
    ['for another name', certificates.otherName, undefined, 'certificate is for other.test, not good.test'],
    [
      'of an authority we do not know',
      good,
      [],
      'certificate issuer unknown, or the receiver does not send the intermediate certificates',
    ],
    ['of HTTP/2 only', { ...good, ALPNCallback: () => undefined }, undefined, 'the receiver speaks HTTP/2 only'],
    [
      'that demands one of us under TLS 1.2',
      { ...good, maxVersion: 'TLSv1.2', requestCert: true, rejectUnauthorized: true },
      undefined,
      'the receiver refused the handshake: no common cipher, or it asks for a client certificate',
    ],
    [
      'of version 1.0 only',
      { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
      undefined,
      'the receiver speaks only versions of TLS before 1.2',
    ],
  ];
  for (const [name, options, trusted, detail] of WRONG) {
    test(`${name}: tls_failed, and no byte of the payload`, async () => {
      await using receiver = await secureReceiver(options);
      await using sender = trustingSender(trusted);
      const outcome = await post(sender, `https://good.test:${receiver.port}/`);
      assert.deepEqual([outcome.error, outcome.errorDetail], ['tls_failed', detail]);
      assert.equal(outcome.responseExcerpt, null);
      await pause(20);
      assert.deepEqual(receiver.requests, []);
    });
  }

  test('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async () => {
    await using receiver = await secureReceiver(certificates.selfSigned);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await using sender = trustingSender();
      assert.equal((await post(sender, `https://good.test:${receiver.port}/`)).error, 'tls_failed');
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('a receiver that speaks plain HTTP, hangs up or resets in the handshake', async () => {
    const GONE = 'the receiver closed the connection in the TLS handshake';
    const answers: (readonly [(socket: Socket) => void, string])[] = [
      [
        (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
        'plain HTTP on an https address (the answer is not TLS)',
      ],
      [(socket) => socket.end(), GONE],
      [(socket) => void setTimeout(() => socket.resetAndDestroy(), 20), GONE],
    ];
    for (const [answer, detail] of answers) {
      await using receiver = await rawReceiver(() => {}, { onConnect: answer });
      await using sender = trustingSender();
      const outcome = await post(sender, `https://good.test:${receiver.port}/`);
      assert.deepEqual([outcome.error, outcome.errorDetail], ['tls_failed', detail]);
    }
  });

  test('a receiver of TLS on an http address', async () => {
    await using receiver = await secureReceiver(good);
    await using sender = openSender();
    const { error } = await post(sender, `http://127.0.0.1:${receiver.port}/`);
    assert.ok(error === 'connection_reset' || error === 'invalid_response', String(error));
  });
});
