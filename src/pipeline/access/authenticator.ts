import { hash } from 'node:crypto';
import type { ApiKey, Organization } from '../../core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';
import { EngineUnavailable } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** The authenticated caller of a request. */
export interface Caller {
  readonly organization: Organization;
  readonly key: ApiKey;
}

interface Entry {
  readonly caller: Caller | undefined;
  loadedAt: Milliseconds;
}

/** Cached keys. Valid and invalid ones are cached separately, so that guessing cannot evict valid keys. */
const MAX_KNOWN = 10_000;
const MAX_UNKNOWN = 10_000;
/** Cached hashes; the cache is cleared when it is full. */
const MAX_HASHES = 1_000;
/** An unknown key is cached briefly, so that a new key works soon. */
const UNKNOWN_MAX_AGE_MS = 1_000;
/**
 * A lookup normally takes 1 ms. A request with a key that was valid waits no longer than this for a store that does not
 * answer.
 */
/** Precision of `lastUsedAt`. */
const USED_PAUSE_MS: Milliseconds = 60_000;
const MAX_LOOKUP_WAIT_MS: Milliseconds = 250;
const LATE = Symbol('late');

export interface AuthenticatorOptions {
  /**
   * How long a cached key is valid without a new lookup. `Infinity` where every change passes through this process;
   * elsewhere a key in use is looked up in the background after half of this time, so that no request waits.
   */
  readonly maxAgeMs: Milliseconds;
  /** A key that is refused although the store may have it: the development key in production. */
  readonly refusedKey: string | null;
}

/** Finds the caller of an API key by the key's SHA-256; keys themselves are never stored or compared. */
export class Authenticator {
  readonly #context: Pick<Context, 'clock' | 'bus'>;
  readonly #store: OrganizationStore;
  readonly #maxAgeMs: Milliseconds;
  readonly #refused: string | null;
  readonly #known = new Map<string, Entry>();
  readonly #unknown = new Map<string, Entry>();
  readonly #hashes = new Map<string, string>();
  readonly #loading = new Map<string, Promise<Caller | undefined>>();
  readonly #used = new Set<KeyId>();
  #useRecordedAt = Number.NEGATIVE_INFINITY;
  #changes = 0;

  constructor(context: Pick<Context, 'clock' | 'bus'>, store: OrganizationStore, options: AuthenticatorOptions) {
    this.#context = context;
    this.#refused = options.refusedKey === null ? null : hashKey(options.refusedKey);
    this.#store = store;
    this.#maxAgeMs = options.maxAgeMs;
    context.bus.subscribe((message) => {
      if (message.kind === 'keys_changed') this.#forget(message.organizationId);
    });
    context.bus.onMissed(() => this.#expireAll());
  }

  /**
   * Answers synchronously on a cache hit; undefined for an invalid key. Rejects when the store cannot answer, which
   * does not prove that the key is invalid.
   */
  authenticate(apiKey: string): Caller | undefined | Promise<Caller | undefined> {
    const sha256 = this.#hash(apiKey);
    if (sha256 === this.#refused) return undefined;
    const now = this.#context.clock.monotonicMs();
    const known = this.#known.get(sha256);
    if (known !== undefined) {
      const ageMs = now - known.loadedAt;
      if (ageMs > this.#maxAgeMs) return this.#loadOrReuse(sha256, known);
      if (ageMs > this.#maxAgeMs / 2) this.#loadOrReuse(sha256, known).catch(() => {});
      if (now - this.#useRecordedAt > USED_PAUSE_MS) this.#recordUse(now);
      if (known.caller !== undefined) this.#used.add(known.caller.key.id);
      return this.#unlessExpired(known.caller);
    }
    const unknown = this.#unknown.get(sha256);
    if (unknown !== undefined && now - unknown.loadedAt <= UNKNOWN_MAX_AGE_MS) return undefined;
    return this.#load(sha256);
  }

  /** Records key use about once a minute, in the background. A failed write is repeated with the next one. */
  #recordUse(now: Milliseconds): void {
    this.#useRecordedAt = now;
    const ids = [...this.#used];
    if (ids.length === 0) return;
    this.#used.clear();
    const at = this.#context.clock.now();
    this.#store.recordKeyUse(ids.map((id) => ({ id, at }))).catch(() => {
      for (const id of ids) this.#used.add(id);
    });
  }

  /**
   * While the store is unavailable or slow, a key that was valid stays valid, so that clients can keep sending. A late
   * answer still updates the cache.
   */
  async #loadOrReuse(sha256: string, known: Entry): Promise<Caller | undefined> {
    const timeout = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => timeout.resolve(LATE), MAX_LOOKUP_WAIT_MS);
    try {
      const answer = await Promise.race([this.#load(sha256), timeout.promise]);
      if (answer !== LATE) return answer;
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
    } finally {
      clearTimeout(timer);
    }
    // The next lookup follows after another `maxAgeMs`, not with every request.
    known.loadedAt = this.#context.clock.monotonicMs();
    return this.#unlessExpired(known.caller);
  }

  /** Caches hashes: hashing takes 5 µs per request, a thirtieth of accepting an event, and most requests use few keys. */
  #hash(apiKey: string): string {
    const known = this.#hashes.get(apiKey);
    if (known !== undefined) return known;
    const sha256 = hashKey(apiKey);
    if (this.#hashes.size >= MAX_HASHES) this.#hashes.clear();
    this.#hashes.set(apiKey, sha256);
    return sha256;
  }

  /** At most one lookup per key at a time. */
  #load(sha256: string): Promise<Caller | undefined> {
    const running = this.#loading.get(sha256);
    if (running !== undefined) return running;
    const loading = this.#loadNow(sha256).finally(() => {
      if (this.#loading.get(sha256) === loading) this.#loading.delete(sha256);
    });
    this.#loading.set(sha256, loading);
    // A background lookup has no caller to handle its failure.
    loading.catch(() => {});
    return loading;
  }

  async #loadNow(sha256: string): Promise<Caller | undefined> {
    const change = this.#changes;
    const caller = await this.#store.findByKeyHash(sha256);
    // The keys changed during the lookup: its result is used for this request and not cached.
    if (change !== this.#changes) return this.#unlessExpired(caller);
    const entry = { caller, loadedAt: this.#context.clock.monotonicMs() };
    if (caller === undefined) {
      this.#known.delete(sha256);
      keep(this.#unknown, sha256, entry, MAX_UNKNOWN);
    } else {
      this.#unknown.delete(sha256);
      keep(this.#known, sha256, entry, MAX_KNOWN);
    }
    return this.#unlessExpired(caller);
  }

  #unlessExpired(caller: Caller | undefined): Caller | undefined {
    const expiresAt = caller?.key.expiresAt ?? null;
    return expiresAt !== null && expiresAt <= this.#context.clock.now() ? undefined : caller;
  }

  #forget(organizationId: OrganizationId): void {
    for (const [sha256, { caller }] of this.#known) {
      if (caller?.organization.id === organizationId) this.#known.delete(sha256);
    }
    this.#forgetLookups();
  }

  /** Bus messages may have been missed: each key is looked up again before its next use. */
  #expireAll(): void {
    for (const entry of this.#known.values()) entry.loadedAt = Number.NEGATIVE_INFINITY;
    this.#forgetLookups();
  }

  #forgetLookups(): void {
    this.#changes++;
    this.#unknown.clear();
    this.#loading.clear();
  }
}

/** The stored form of a key: SHA-256 in lower-case hex. */
export function hashKey(apiKey: string): string {
  return hash('sha256', apiKey, 'hex');
}

function keep(entries: Map<string, Entry>, sha256: string, entry: Entry, max: number): void {
  entries.delete(sha256);
  entries.set(sha256, entry);
  const oldest = entries.keys().next().value;
  if (entries.size > max && oldest !== undefined) entries.delete(oldest);
}
