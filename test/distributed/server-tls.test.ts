import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withServer } from '../../src/engines/redis-postgres/database/migrate.ts';
import { Redis } from '../../src/engines/redis-postgres/redis/connection.ts';
import { tlsReason } from '../../src/engines/redis-postgres/tls-reason.ts';
import { StartRefused } from '../../src/ports/start-refused.ts';
import { type KeyPair, makeCertificates } from '../support/certificates.ts';
import { unprivilegedUser } from '../support/debian-programs.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { freePort } from '../support/server-process.ts';
import { suiteCleanup } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof StartRefused, String(error));
    return error.message;
  }
  return 'connected';
}

describe('TLS with the servers', () => {
  const cleanup = suiteCleanup();
  const certificates = makeCertificates();
  const folder = temporaryFolder(cleanup);
  chmodSync(folder, 0o755);
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, certificates.authority.cert);

  /** Readable by the servers alone, as PostgreSQL asks. */
  function files(name: string, { cert, key }: KeyPair): { certFile: string; keyFile: string } {
    mkdirSync(join(folder, name));
    const [certFile, keyFile] = [join(folder, name, 'cert.pem'), join(folder, name, 'key.pem')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const user = unprivilegedUser();
    if (user !== undefined) chownSync(keyFile, user.uid, user.gid);
    return { certFile, keyFile };
  }

  test('PostgreSQL: what is wrong with its certificate, and that sslrootcert makes it right', async () => {
    for (const [name, pair, query, expected] of [
      ['good', certificates.good, `?sslmode=verify-full&sslrootcert=${authority}`, /^connected$/],
      ['good', certificates.good, '?sslmode=verify-full', /^No TLS with PostgreSQL at .*: the issuer .* sslrootcert=/],
      [
        'good',
        certificates.good,
        '?sslmode=verify-full&sslrootcert=/none.pem',
        /^The file \/none\.pem that DATABASE_URL names can't be read/,
      ],
      [
        'other',
        certificates.otherName,
        `?sslmode=verify-full&sslrootcert=${authority}`,
        /^No TLS .*: its certificate is for another name/,
      ],
    ] as const) {
      const server = await postgres(name, pair);
      assert.match(await refusal(withServer(`${server.url()}${query}`, async () => {})), expected);
    }
  });

  const running = new Map<string, Promise<PostgresServer>>();
  function postgres(name: string, pair: KeyPair): Promise<PostgresServer> {
    const known = running.get(name);
    if (known !== undefined) return known;
    const { certFile, keyFile } = files(name, pair);
    const starting = PostgresServer.start(['ssl=on', `ssl_cert_file=${certFile}`, `ssl_key_file=${keyFile}`]);
    running.set(name, starting);
    cleanup.after(async () => (await starting).stop());
    return starting;
  }

  test('Redis: an unknown authority, and a port without TLS', async () => {
    const { certFile, keyFile } = files('redis', certificates.good);
    const port = await freePort();
    const tls = ['--tls-port', String(port), '--tls-cert-file', certFile, '--tls-key-file', keyFile];
    const server = await RedisServer.start([...tls, '--tls-auth-clients', 'no', '--tls-ca-cert-file', authority]);
    cleanup.after(() => server.stop());
    const open = (at: number) =>
      refusal(Redis.open({ url: `rediss://127.0.0.1:${at}`, prefix: 'x' }).then((redis) => redis.close()));
    assert.match(await open(port), /^No TLS with Redis at .*: the issuer .* NODE_EXTRA_CA_CERTS=/);
    assert.match(await open(server.port), /^Redis can't be reached by TLS at .*redis:\/\/ where it speaks no TLS/);
  });

  test('each reason ends in what to change', () => {
    for (const [code, sentence] of [
      ['CERT_HAS_EXPIRED', /expired: renew/],
      ['CERT_NOT_YET_VALID', /clocks/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
      ['EPROTO', /no TLS on this port/],
    ] as const) {
      assert.match(tlsReason(Object.assign(new Error('x'), { code }), 'REDIS_URL') ?? '', sentence);
    }
  });

  test('what is no matter of TLS is not told as one', () => {
    for (const error of [new Error('x'), Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), null, 'text']) {
      assert.equal(tlsReason(error, 'REDIS_URL'), undefined);
    }
  });
});
