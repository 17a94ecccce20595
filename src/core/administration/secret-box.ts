import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto';

/** `enc:v1:` key id `:` base64url of nonce, tag and text. No secret, JSON text or certificate begins like this. */
const PREFIX = 'enc:v1:';
const ALGORITHM = 'aes-256-gcm';
export const SECRETS_KEY_BYTES = 32;
/** NIST SP 800-38D: random nonces of 96 bits are good for 2^32 texts under one key; ours are some per endpoint and change. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARACTERS = 8;
/** Secrets kept decrypted, some 6 MB; forgotten all at once when there are more about. */
const MAX_REMEMBERED = 20_000;
/** A signing secret comes to 115; a certificate is read anew. */
const MAX_REMEMBERED_CHARACTERS = 512;

/** A stored secret that none of the keys opens, or that belongs to another row or column. */
export class UnreadableSecret extends Error {
  readonly code = 'unreadable_secret';

  constructor(place: string, reason: string) {
    super(`The secret in ${place} can't be read: ${reason}`);
    this.name = 'UnreadableSecret';
  }
}

interface Key {
  readonly id: string;
  /** Not its bytes: OpenSSL would take them in anew for each text, 25 µs instead of 3. */
  readonly key: KeyObject;
}

/**
 * Encrypts secrets for the record and decrypts them (AES-256-GCM). The place of a text (table, column, id of the row) is
 * authenticated with it: moved to another row it can't be read.
 */
export class SecretBox {
  readonly #current: Key | undefined;
  readonly #keys: ReadonlyMap<string, Key>;
  /** By the stored text. A change of one endpoint reads all of its organization again, 7 µs a secret otherwise. */
  readonly #opened = new Map<string, { readonly place: string; readonly text: string }>();

  /** @param keys of 32 bytes; the first encrypts, every one decrypts. None: texts are stored as they are. */
  constructor(keys: readonly Uint8Array[]) {
    const all = keys.map((bytes) => ({ id: keyIdOf(bytes), key: createSecretKey(bytes) }));
    this.#current = all[0];
    this.#keys = new Map(all.map((key) => [key.id, key]));
  }

  /** Of the key that encrypts; null = nothing is encrypted. */
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

  /** Texts from before there was a key are given back as they are. Throws `UnreadableSecret`. */
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
    if (key === undefined) throw new UnreadableSecret(place, `key ${keyId} is not at hand`);
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

  /** Whether a stored secret is to be encrypted anew: it stands there in plain text, or under another key. */
  isOutdated(stored: string): boolean {
    return this.#current !== undefined && !stored.startsWith(`${PREFIX}${this.#current.id}:`);
  }
}

export function isSealed(stored: string): boolean {
  return stored.startsWith(PREFIX);
}

/** Tells keys apart, and tells nothing of them. */
function keyIdOf(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('triggers secrets key\0'), key]), 'hex').slice(0, KEY_ID_CHARACTERS);
}

/** Base64 of 32 bytes, canonical. */
export function readSecretsKey(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === SECRETS_KEY_BYTES && bytes.toString('base64') === text ? bytes : undefined;
}

/** For what has no key: tests of engines, and the distributed engine while `SECRETS_KEY` is not set. */
export const NO_SECRET_BOX = new SecretBox([]);
