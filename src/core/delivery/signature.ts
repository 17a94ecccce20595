import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  sign as ed25519Sign,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { Timestamp } from '../time.ts';

/** Prefix of a Standard Webhooks symmetric secret; the key follows in base64. */
const SECRET_PREFIX = 'whsec_';
export const SECRET_BYTES = 32;

export function secretFromBytes(key: Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(key).toString('base64');
}

/** Whether a text is `whsec_` and canonical base64 of 24 to 64 bytes, as Standard Webhooks requires. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(SECRET_PREFIX)) return false;
  const encoded = text.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 && key.toString('base64') === encoded;
}

/** Prefixes of asymmetric keys: a private key (seed and public key, 64 bytes) and a public key (32 bytes), in base64. */
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';

export function newSigningKey(): string {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const bytes = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]);
  return PRIVATE_PREFIX + bytes.toString('base64');
}

/** The public key with which receivers verify; not secret. */
export function publicKeyOf(signingKey: string): string {
  return PUBLIC_PREFIX + keyBytes(signingKey, PRIVATE_PREFIX).subarray(32).toString('base64');
}

/** The keys that sign an attempt. */
export interface SigningKeys {
  /** `whsec_…`: a `v1` signature each. */
  readonly secrets: readonly string[];
  /** `whsk_…`: a `v1a` signature each. */
  readonly signingKeys: readonly string[];
}

/**
 * The value of `webhook-signature` (Standard Webhooks 1.0, "Signature scheme"): one `v1,<base64 HMAC-SHA256 of
 * "id.timestamp.body">` for each secret and one `v1a,<base64 Ed25519 of the same>` for each signing key, separated by spaces.
 * @param at the attempt's own time; signed as whole seconds
 */
export function sign(args: { id: string; at: Timestamp; body: string; keys: SigningKeys }): string {
  const { secrets, signingKeys } = args.keys;
  const head = `${args.id}.${Math.floor(args.at / 1_000)}.`;
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', secretKey(secret)).update(head).update(args.body).digest('base64')}`;
  });
  if (signingKeys.length > 0) {
    const content = Buffer.from(head + args.body);
    for (const signingKey of signingKeys) {
      signatures.push(`v1a,${ed25519Sign(null, content, privateKey(signingKey)).toString('base64')}`);
    }
  }
  return signatures.join(' ');
}

/** Cached key objects: creating one costs four times as much as signing. */
const MAX_KEYS = 10_000;
const keys = new Map<string, KeyObject>();

function secretKey(secret: string): KeyObject {
  return kept(secret, () => createSecretKey(keyBytes(secret, SECRET_PREFIX)));
}

function privateKey(signingKey: string): KeyObject {
  return kept(signingKey, () => {
    const bytes = keyBytes(signingKey, PRIVATE_PREFIX);
    const [d, x] = [bytes.subarray(0, 32).toString('base64url'), bytes.subarray(32).toString('base64url')];
    return createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
  });
}

function kept(text: string, make: () => KeyObject): KeyObject {
  const known = keys.get(text);
  if (known !== undefined) return known;
  // Cleared keys are created again when they are needed.
  if (keys.size >= MAX_KEYS) keys.clear();
  const key = make();
  keys.set(text, key);
  return key;
}

function keyBytes(text: string, prefix: string): Buffer {
  return Buffer.from(text.slice(prefix.length), 'base64');
}
