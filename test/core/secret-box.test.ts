import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSecretsKey, SecretBox, UnreadableSecret } from '../../src/core/administration/secret-box.ts';

const FIRST = Buffer.alloc(32, 1);
const SECOND = Buffer.alloc(32, 2);

describe('a secret box', () => {
  const box = new SecretBox([FIRST]);

  test('gives back what it took, and never writes the same twice', () => {
    for (const text of ['whsec_abc', '', 'żółć \u0000 😀', 'x'.repeat(100_000)]) {
      const stored = box.seal(text, 'endpoints.secret of 1');
      assert.match(stored, /^enc:v1:[0-9a-f]{8}:[\w-]+$/);
      assert.equal(box.open(stored, 'endpoints.secret of 1'), text);
      assert.notEqual(box.seal(text, 'endpoints.secret of 1'), stored);
      if (text.length > 3) assert.ok(!stored.includes(text));
    }
  });

  test('a text of another row or column, a changed or a cut one can not be read', () => {
    const stored = box.seal('whsec_abc', 'endpoints.secret of 1');
    for (const place of ['endpoints.secret of 2', 'endpoints.previous_secret of 1', '']) {
      assert.throws(() => box.open(stored, place), UnreadableSecret);
    }
    const other = `${stored.slice(0, 40)}${stored[40] === 'A' ? 'B' : 'A'}${stored.slice(41)}`;
    for (const changed of [other, stored.slice(0, 30), stored.slice(0, 16), 'enc:v1:']) {
      assert.throws(() => box.open(changed, 'endpoints.secret of 1'), UnreadableSecret, changed);
    }
  });

  test('an error names the place and the key, and nothing of the secret', () => {
    const stored = box.seal('whsec_canary', 'endpoints.secret of 1');
    assert.throws(
      () => new SecretBox([SECOND]).open(stored, 'endpoints.secret of 1'),
      (error: Error) =>
        /endpoints\.secret of 1.*key [0-9a-f]{8} is missing/.test(error.message) && !/canary/.test(error.message),
    );
  });

  test('the first key encrypts, the others decrypt; plain text is read as it is', () => {
    const rotated = new SecretBox([SECOND, FIRST]);
    const old = box.seal('a', 'p');
    assert.equal(rotated.open(old, 'p'), 'a');
    assert.ok(rotated.isOutdated(old) && rotated.isOutdated('plain') && !rotated.isOutdated(rotated.seal('a', 'p')));
    assert.equal(rotated.open('whsec_plain', 'p'), 'whsec_plain');
    const none = new SecretBox([]);
    assert.equal(none.seal('a', 'p'), 'a');
    assert.equal(none.isOutdated('a'), false);
    assert.throws(() => none.open(old, 'p'), UnreadableSecret);
  });

  test('a key is canonical base64 of 32 bytes', () => {
    const good = Buffer.alloc(32, 7).toString('base64');
    assert.deepEqual(readSecretsKey(good), Buffer.alloc(32, 7));
    for (const bad of ['', 'abc', good.slice(0, -1), `${good} `, Buffer.alloc(16).toString('base64'), 'k'.repeat(44)]) {
      assert.equal(readSecretsKey(bad), undefined, bad);
    }
  });
});
