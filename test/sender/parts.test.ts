import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { errors } from 'undici';
import type { AttemptError } from '../../src/core/delivery.ts';
import { AttemptFailure, classifyFailure } from '../../src/sender/attempt-failure.ts';
import { ContinueFilter } from '../../src/sender/continue-filter.ts';
import { Excerpt } from '../../src/sender/excerpt.ts';
import { parseHostsFile } from '../../src/sender/hosts-file.ts';

function failure(code: string, more: object = {}): Error {
  return Object.assign(new Error(code), { code }, more);
}

describe('what an error means', () => {
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
    [new errors.ClientDestroyedError(), 'local'],
    [new errors.HeadersOverflowError(), 'headers_too_large'],
    [new errors.HTTPParserError('x'), 'invalid_response'],
    [new errors.SocketError('bad upgrade'), 'invalid_response'],
    [new errors.SocketError('other side closed'), 'connection_reset'],
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

describe('100 Continue is taken out', () => {
  const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nmore, to the end';

  function passed(text: string, cuts: readonly number[]): string {
    const filter = new ContinueFilter();
    const at = [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b);
    const parts = [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length));
    return parts.map((part) => filter.pass(Buffer.from(part))?.toString() ?? '').join('');
  }

  test('however it is cut, as often as it comes, and nothing else is touched', () => {
    const interim = fc.constantFrom(
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.0 100\r\n\r\n',
      'HTTP/1.1 100 C\r\nA: b\r\n\r\n',
    );
    const final = fc.constantFrom(
      FINAL,
      FINAL.replace('200', '103'),
      FINAL.replace('200', '199'),
      FINAL.replace('200', '101'),
      FINAL.replace('200', '1000'),
    );
    fc.assert(
      fc.property(
        fc.array(interim, { maxLength: 3 }),
        final,
        fc.array(fc.nat(), { maxLength: 6 }),
        (before, last, cuts) => {
          assert.equal(passed(before.join('') + last, cuts), last);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('what is held back is bounded', () => {
    const filter = new ContinueFilter();
    let passedBytes = 0;
    filter.pass(Buffer.from('HTTP/1.1 100 Continue\r\nA: '));
    for (let n = 0; n < 100; n++) passedBytes += filter.pass(Buffer.alloc(100, 'x'))?.length ?? 0;
    assert.ok(passedBytes > 9_000);
  });
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

  test('keeps what is there', () => {
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
