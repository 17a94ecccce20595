import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Timestamp } from './time.ts';

/** Prefix of a Standard Webhooks symmetric secret; base64 of the key follows. */
const SECRET_PREFIX = 'whsec_';
export const SECRET_BYTES = 32;

export function secretFromBytes(key: Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(key).toString('base64');
}

/** `whsec_` and canonical base64 of 24 to 64 bytes, as Standard Webhooks asks. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(SECRET_PREFIX)) return false;
  const encoded = text.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 && key.toString('base64') === encoded;
}

/**
 * The value of `webhook-signature`: one `v1,<base64 HMAC-SHA256 of "id.timestamp.body">` for each secret, separated by
 * spaces (Standard Webhooks 1.0, "Signature scheme").
 * @param at the attempt's own time; signed as whole seconds
 */
export function sign(args: { id: string; at: Timestamp; body: string; secrets: readonly string[] }): string {
  const head = `${args.id}.${Math.floor(args.at / 1_000)}.`;
  return args.secrets
    .map((secret) => {
      return `v1,${createHmac('sha256', keyOf(secret)).update(head).update(args.body).digest('base64')}`;
    })
    .join(' ');
}

/** Making a key object costs four times what signing with it does. */
const MAX_KEYS = 10_000;
const keys = new Map<string, KeyObject>();

function keyOf(secret: string): KeyObject {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  // They come back by themselves; which of them went does not matter.
  if (keys.size >= MAX_KEYS) keys.clear();
  const key = createSecretKey(Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64'));
  keys.set(secret, key);
  return key;
}
