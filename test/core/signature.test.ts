import assert from 'node:assert/strict';
import { createPublicKey, randomBytes, verify as verifyEd25519 } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import {
  isSecret,
  newSigningKey,
  publicKeyOf,
  SECRET_BYTES,
  secretFromBytes,
  sign,
} from '../../src/core/delivery/signature.ts';
import { timestamp } from '../../src/core/time.ts';

function headers(id: string, at: number, signature: string): Record<string, string> {
  return { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1_000)), 'webhook-signature': signature };
}

function verify(secret: string, body: string, given: Record<string, string>): void {
  new Webhook(secret).verify(body, given);
}

describe('sign', () => {
  const secret = fc.uint8Array({ minLength: 24, maxLength: 64 }).map(secretFromBytes);
  const id = fc.uuid({ version: 7 });
  const body = fc.json();

  test('is what the library of the standard makes of it', () => {
    fc.assert(
      fc.property(secret, id, body, fc.integer({ min: 0, max: 4e12 }), (key, webhookId, text, ms) => {
        const at = timestamp(ms);
        assert.equal(
          sign({ id: webhookId, at, body: text, keys: { secrets: [key], signingKeys: [] } }),
          // The library wants a Date, of which it takes whole seconds.
          new Webhook(key).sign(webhookId, new Date(at), text),
        );
      }),
    );
  });

  test('during a rotation both the old and the new secret verify, and no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(secret, { minLength: 3, maxLength: 3 }),
        id,
        body,
        ([now = '', before = '', other = ''], webhookId, text) => {
          const at = timestamp(Date.now());
          const given = headers(
            webhookId,
            at,
            sign({ id: webhookId, at, body: text, keys: { secrets: [now, before], signingKeys: [] } }),
          );
          verify(now, text, given);
          verify(before, text, given);
          assert.throws(() => verify(other, text, given));
          assert.throws(() => verify(now, `${text} `, given));
          assert.throws(() => verify(now, text, { ...given, 'webhook-id': `${webhookId}x` }));
        },
      ),
    );
  });

  test('the asymmetric form verifies with the public key alone, beside the symmetric one', () => {
    fc.assert(
      fc.property(id, body, (webhookId, text) => {
        const signingKey = newSigningKey();
        const at = timestamp(Date.now());
        const secretText = secretFromBytes(randomBytes(SECRET_BYTES));
        const keys = { secrets: [secretText], signingKeys: [signingKey] };
        const signature = sign({ id: webhookId, at, body: text, keys });
        verify(secretText, text, headers(webhookId, at, signature));
        const [, signed = ''] = /v1a,(\S+)/.exec(signature) ?? [];
        const raw = Buffer.from(publicKeyOf(signingKey).slice('whpk_'.length), 'base64');
        assert.equal(raw.length, 32);
        const x = raw.toString('base64url');
        const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
        const content = `${webhookId}.${Math.floor(at / 1_000)}.${text}`;
        const isValid = (what: string) => verifyEd25519(null, Buffer.from(what), key, Buffer.from(signed, 'base64'));
        assert.equal(isValid(content), true);
        assert.equal(isValid(`${content} `), false);
        assert.match(
          sign({ id: webhookId, at, body: text, keys: { secrets: [], signingKeys: [signingKey] } }),
          /^v1a,\S+$/,
        );
      }),
      { numRuns: 30 },
    );
  });

  test('text beyond ASCII is signed as UTF-8', () => {
    const key = secretFromBytes(randomBytes(SECRET_BYTES));
    const at = timestamp(Date.now());
    const text = '{"grüße":"😀"}';
    verify(
      key,
      text,
      headers('msg', at, sign({ id: 'msg', at, body: text, keys: { secrets: [key], signingKeys: [] } })),
    );
  });
});

describe('isSecret', () => {
  test('takes what we make', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
        assert.equal(isSecret(secretFromBytes(bytes)), bytes.length >= 24 && bytes.length <= 64);
      }),
    );
  });

  test('refuses what another reader could read differently', () => {
    const good = secretFromBytes(Buffer.alloc(32, 0xfb));
    assert.ok(isSecret(good));
    for (const bad of [
      '',
      'whsec_',
      good.slice(6),
      good.toUpperCase(),
      `${good}\n`,
      good.replaceAll('+', '-').replaceAll('/', '_'),
      good.replace('=', ''),
      good.replace('whsec_', 'whsec_ '),
    ]) {
      assert.equal(isSecret(bad), false, bad);
    }
  });
});
