import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto';

/**
 * Format: `enc:v1:` key id `:` base64url of nonce, tag and ciphertext. No secret, JSON text or certificate begins like
 * this.
 */
const PREFIX = 'enc:v1:';
const ALGORITHM = 'aes-256-gcm';
export const SECRETS_KEY_BYTES = 32;
/** NIST SP 800-38D allows 2^32 texts per key with random 96-bit nonces; the service encrypts a few per endpoint change. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARACTERS = 8;
/** Decrypted secrets in the cache, about 6 MB; the cache is cleared when it is full. */
const MAX_REMEMBERED = 20_000;
/** Longer texts are not cached. A signing secret has 115 characters; a certificate is decrypted each time. */
const MAX_REMEMBERED_CHARACTERS = 512;

/** A stored secret that no key can decrypt, or that was moved from another row or column. */
export class UnreadableSecret extends Error {
  readonly code = 'unreadable_secret';

  constructor(place: string, reason: string) {
    super(`The secret in ${place} cannot be read: ${reason}`);
    this.name = 'UnreadableSecret';
  }
}

interface Key {
  readonly id: string;
  /** A key object instead of bytes, which OpenSSL would import for each text: 25 µs instead of 3. */
  readonly key: KeyObject;
}

/**
 * Encrypts and decrypts stored secrets (AES-256-GCM). The place of a text (table, column, row id) is authenticated with
 * it: a text moved to another row cannot be decrypted.
 */
export class SecretBox {
  readonly #current: Key | undefined;
  readonly #keys: ReadonlyMap<string, Key>;
  /**
   * Cache by stored text. A change of one endpoint reads all endpoints of its organization again, at 7 µs per secret
   * without the cache.
   */
  readonly #opened = new Map<string, { readonly place: string; readonly text: string }>();

  /** @param keys 32 bytes each; the first encrypts, all decrypt. None: texts are stored as they are. */
  constructor(keys: readonly Uint8Array[]) {
    const all = keys.map((bytes) => ({ id: keyIdOf(bytes), key: createSecretKey(bytes) }));
    this.#current = all[0];
    this.#keys = new Map(all.map((key) => [key.id, key]));
  }

  /** The id of the encrypting key; null = texts are stored in plain text. */
  get currentKeyId(): string | null {
    return this.#current?.id ?? null;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  seal(text: string, place: string): string {
    if (this.#current === undefined) return text;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#current.key, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const stored = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    return `${PREFIX}${this.#current.id}:${stored.toString('base64url')}`;
  }

  /**
   * Decrypts a stored text; plain text from before a key was set is returned as it is.
   * @throws UnreadableSecret
   */
  open(stored: string, place: string): string {
    if (!stored.startsWith(PREFIX)) return stored;
    const known = this.#opened.get(stored);
    if (known?.place === place) return known.text;
    const text = this.#decrypt(stored, place);
    if (stored.length > MAX_REMEMBERED_CHARACTERS) return text;
    if (this.#opened.size >= MAX_REMEMBERED) this.#opened.clear();
    this.#opened.set(stored, { place, text });
    return text;
  }

  #decrypt(stored: string, place: string): string {
    const keyId = stored.slice(PREFIX.length, PREFIX.length + KEY_ID_CHARACTERS);
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new UnreadableSecret(place, `key ${keyId} is missing`);
    const bytes = Buffer.from(stored.slice(PREFIX.length + KEY_ID_CHARACTERS + 1), 'base64url');
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key.key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(place))
        .setAuthTag(tag);
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new UnreadableSecret(place, 'it was changed, or moved from another row');
    }
  }

  /** Whether a stored secret must be re-encrypted: it is in plain text or under another key. */
  isOutdated(stored: string): boolean {
    return this.#current !== undefined && !stored.startsWith(`${PREFIX}${this.#current.id}:`);
  }
}

export function isSealed(stored: string): boolean {
  return stored.startsWith(PREFIX);
}

/** Identifies a key without revealing anything about it. */
function keyIdOf(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('triggers secrets key\0'), key]), 'hex').slice(0, KEY_ID_CHARACTERS);
}

/** Parses a key: canonical base64 of 32 bytes. @returns undefined for anything else */
export function readSecretsKey(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === SECRETS_KEY_BYTES && bytes.toString('base64') === text ? bytes : undefined;
}

/** A box without a key: for engine tests, and for the distributed engine while `SECRETS_KEY` is not set. */
export const NO_SECRET_BOX = new SecretBox([]);
