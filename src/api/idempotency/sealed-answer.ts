import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Values that only the client knows. They encrypt the stored answer, which may contain secrets that are shown once. */
export interface Sealer {
  readonly idempotencyKey: string;
  /** The API key or the administrator's token of the request; empty in development. */
  readonly credential: string;
}

export interface Answer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Encrypts with AES-256-GCM, with a key derived from both values (HKDF, RFC 5869). A copy of the database cannot be decrypted.
 */
export function seal(answer: Answer, sealer: Sealer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, keyOf(sealer), iv);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

/** @returns undefined if the request has another credential than the first one */
export function unseal(text: string, sealer: Sealer): Answer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const decipher = createDecipheriv(ALGORITHM, keyOf(sealer), bytes.subarray(0, IV_BYTES));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(opened.toString('utf8')) as Answer;
  } catch {
    return undefined;
  }
}

function keyOf({ idempotencyKey, credential }: Sealer): Buffer {
  const secret = JSON.stringify([idempotencyKey, credential]);
  return Buffer.from(hkdfSync('sha256', secret, '', 'idempotent answer', KEY_BYTES));
}
