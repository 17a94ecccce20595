import { WebhookError } from './errors.ts';

/** The payload of a webhook. */
export interface WebhookPayload {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: unknown;
}

/** A `Headers` object, or the plain object of node:http and its frameworks. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** Maximum difference of the sender's clock in either direction; default 300. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since 1970; default: the current time. */
  readonly now?: number;
}

const DEFAULT_TOLERANCE_SECONDS = 300;
const encoder = new TextEncoder();

/**
 * Resolves with the payload if one of the signatures is valid and the timestamp is recent; rejects with a WebhookError
 * otherwise (Standard Webhooks 1.0). WebCrypto compares in constant time.
 * @param rawBody the received bytes; a body that was parsed and printed again has another signature
 * @param secret `whsec_…` (signatures `v1`) or a public key `whpk_…` (`v1a`); several during a rotation
 */
export async function verifyWebhook(
  headers: WebhookHeaders,
  rawBody: string | Uint8Array,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookPayload> {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature').split(' ');
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError('invalid_timestamp', 'webhook-timestamp is not a time.');
  const awaySeconds = Math.abs((options.now ?? Date.now()) / 1_000 - Number(timestamp));
  if (awaySeconds > (options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS)) {
    throw new WebhookError('invalid_timestamp', 'webhook-timestamp is too old or in the future.');
  }
  const body = typeof rawBody === 'string' ? encoder.encode(rawBody) : rawBody;
  const content = joined(encoder.encode(`${id}.${timestamp}.`), body);
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    if (await isSigned(content, signatures, one)) return JSON.parse(new TextDecoder().decode(body)) as WebhookPayload;
  }
  throw new WebhookError(
    'invalid_signature',
    'No signature matches: check that this is the secret of the endpoint, and that the body is the raw body.',
  );
}

async function isSigned(
  content: Uint8Array<ArrayBuffer>,
  signatures: readonly string[],
  secret: string,
): Promise<boolean> {
  const { version, key, algorithm } = await keyOf(secret);
  for (const signature of signatures) {
    const [name, encoded = ''] = signature.split(',', 2);
    const bytes = name === version ? bytesOf(encoded) : undefined;
    if (bytes !== undefined && (await crypto.subtle.verify(algorithm, key, bytes, content))) return true;
  }
  return false;
}

/** The web's `CryptoKey`, independent of its name in a platform's types. */
type VerifyingKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function keyOf(secret: string): Promise<{ version: string; key: VerifyingKey; algorithm: string }> {
  const isPublic = secret.startsWith('whpk_');
  const bytes = bytesOf(secret.replace(/^wh(sec|pk)_/, ''));
  if (bytes === undefined || bytes.length === 0) throw new WebhookError('invalid_secret', 'The secret is not base64.');
  if (isPublic) {
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify']);
    return { version: 'v1a', key, algorithm: 'Ed25519' };
  }
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  return { version: 'v1', key, algorithm: 'HMAC' };
}

function header(headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : headers[name];
  if (typeof value !== 'string' || value === '') throw new WebhookError('missing_header', `${name} is missing.`);
  return value;
}

function isHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function';
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
