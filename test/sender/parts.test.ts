import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AttemptError } from '../../src/core/delivery/delivery.ts';
import { parseHostsFile } from '../../src/sender/addresses/hosts-file.ts';
import { AttemptFailure, classifyFailure } from '../../src/sender/attempt-failure.ts';
import { Excerpt } from '../../src/sender/responses/excerpt.ts';

function failure(code: string, more: object = {}): Error {
  return Object.assign(new Error(code), { code }, more);
}

describe('the meaning of errors', () => {
  const WORDS: readonly (readonly [unknown, AttemptError])[] = [
    [new AttemptFailure('dns_failed'), 'dns_failed'],
    [failure('ECONNREFUSED'), 'connection_refused'],
    [failure('ECONNRESET'), 'connection_reset'],
    [failure('EPIPE'), 'connection_reset'],
    [failure('ETIMEDOUT'), 'timeout'],
    [failure('EHOSTUNREACH'), 'connection_failed'],
    [failure('ENETUNREACH'), 'connection_failed'],
    [failure('EMFILE'), 'local'],
    [failure('ENFILE'), 'local'],
    [failure('ENOMEM'), 'local'],
    [failure('EADDRNOTAVAIL', { address: '93.184.215.14' }), 'local'],
    [failure('EADDRNOTAVAIL', { address: '2606:4700::1111' }), 'connection_failed'],
    [failure('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls_failed'],
    [failure('CERT_HAS_EXPIRED'), 'tls_failed'],
    [failure('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls_failed'],
    [failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls_failed'],
    [failure('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls_failed'],
    [new AggregateError([failure('ENETUNREACH'), failure('ECONNREFUSED')]), 'connection_refused'],
    [new AggregateError([failure('ENETUNREACH'), failure('EMFILE')]), 'local'],
    [new AggregateError([failure('ENETUNREACH')]), 'connection_failed'],
    [new AggregateError([]), 'connection_failed'],
    ['a string', 'connection_failed'],
    [undefined, 'connection_failed'],
  ];
  for (const [error, word] of WORDS) {
    test(`${String(error)} is ${word}`, () => assert.equal(classifyFailure(error), word));
  }
});

describe('the excerpt', () => {
  test('is at most 4 KB of text without NUL, whatever comes, and counts all of it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 4 }), (chunks) => {
        const excerpt = new Excerpt();
        for (const chunk of chunks) excerpt.add(Buffer.from(chunk));
        const text = excerpt.text();
        assert.ok(Buffer.byteLength(text) <= 4_096, `${Buffer.byteLength(text)} bytes`);
        assert.ok(!text.includes('\0') && text.isWellFormed());
        assert.equal(
          excerpt.receivedBytes,
          chunks.reduce((sum, chunk) => sum + chunk.length, 0),
        );
      }),
    );
  });

  test('bytes that are no UTF-8 become three each, and still fit', () => {
    const excerpt = new Excerpt();
    excerpt.add(Buffer.alloc(4_096, 0xff));
    assert.ok(Buffer.byteLength(excerpt.text()) > 4_000 && Buffer.byteLength(excerpt.text()) <= 4_096);
  });

  test('cuts between characters', () => {
    const excerpt = new Excerpt();
    excerpt.add(Buffer.from(`a${'ü'.repeat(4_000)}`));
    assert.ok(excerpt.text() === `a${'ü'.repeat(2_047)}`);
  });

  test('keeps existing rows', () => {
    const excerpt = new Excerpt();
    assert.equal(excerpt.text(), '');
    excerpt.add(Buffer.from('grüß '));
    excerpt.add(Buffer.from('dich'));
    assert.equal(excerpt.text(), 'grüß dich');
  });
});

test('a hosts file', () => {
  const hosts = parseHostsFile(
    '# all\n127.0.0.1\tlocalhost here # me\n::1 localhost\n\n10.0.0.1 Db.Internal. db\nnonsense name\n10.0.0.2\n',
  );
  assert.deepEqual(Object.fromEntries(hosts), {
    localhost: ['127.0.0.1', '::1'],
    here: ['127.0.0.1'],
    'db.internal': ['10.0.0.1'],
    db: ['10.0.0.1'],
  });
});
