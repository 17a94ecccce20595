import { hash } from 'node:crypto';
import type { ApiKey, Organization } from '../../core/administration/organization.ts';
import type { KeyId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { OrganizationStore } from '../../ports/store/organization-store.ts';
import { EngineUnavailable } from '../../ports/unavailable.ts';
import type { Context } from '../context.ts';

/** Who makes a request. */
export interface Caller {
  readonly organization: Organization;
  readonly key: ApiKey;
}

interface Entry {
  readonly caller: Caller | undefined;
  loadedAt: Milliseconds;
}

/** Keys kept in memory, right and wrong ones apart, so that guessing can't push the right ones out. */
const MAX_KNOWN = 10_000;
const MAX_UNKNOWN = 10_000;
/** Hashes remembered; forgotten all at once when there are more keys about. */
const MAX_HASHES = 1_000;
/** A key that was just made must work: what is not there is believed for this long only. */
const UNKNOWN_MAX_AGE_MS = 1_000;
/** A lookup takes a millisecond; a request with a key that was right does not wait longer for a store that is stuck. */
/** How exactly it is known when a key was used last. */
const USED_PAUSE_MS: Milliseconds = 60_000;
const MAX_LOOKUP_WAIT_MS: Milliseconds = 250;
const LATE = Symbol('late');

export interface AuthenticatorOptions {
  /**
   * Infinity where every change passes through this process; elsewhere a key in use is looked up again behind the request when
   * half of it is over, so that no request waits for that.
   */
  readonly maxAgeMs: Milliseconds;
  /** A key that is not valid here though the store may know it: the development key in production. */
  readonly refusedKey: string | null;
}

/** Finds the caller behind an API key, by the key's SHA-256 alone: keys themselves are never compared. */
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
   * Answers at once when the key is in memory; undefined when it is not valid. Rejects when the store can't tell: that
   * is no proof that the key is wrong.
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

  /** When keys were used last, about once a minute, by a request that does not wait for it. What fails is told next time. */
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
   * While the store can't tell, or takes its time to, a key that was right goes on being right: who has it may send, and
   * nothing is lost. The late answer counts when it comes.
   */
  async #loadOrReuse(sha256: string, known: Entry): Promise<Caller | undefined> {
    const patience = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => patience.resolve(LATE), MAX_LOOKUP_WAIT_MS);
    try {
      const answer = await Promise.race([this.#load(sha256), patience.promise]);
      if (answer !== LATE) return answer;
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
    } finally {
      clearTimeout(timer);
    }
    // Asked again when this age is over once more, not at each request.
    known.loadedAt = this.#context.clock.monotonicMs();
    return this.#unlessExpired(known.caller);
  }

  /** Hashing costs 5 µs a request, a thirtieth of what accepting costs in all; most requests come with few keys. */
  #hash(apiKey: string): string {
    const known = this.#hashes.get(apiKey);
    if (known !== undefined) return known;
    const sha256 = hashKey(apiKey);
    if (this.#hashes.size >= MAX_HASHES) this.#hashes.clear();
    this.#hashes.set(apiKey, sha256);
    return sha256;
  }

  /** One lookup at a time for each key. */
  #load(sha256: string): Promise<Caller | undefined> {
    const under = this.#loading.get(sha256);
    if (under !== undefined) return under;
    const loading = this.#loadNow(sha256).finally(() => {
      if (this.#loading.get(sha256) === loading) this.#loading.delete(sha256);
    });
    this.#loading.set(sha256, loading);
    // Whoever did not wait for it does not hear of its failure.
    loading.catch(() => {});
    return loading;
  }

  async #loadNow(sha256: string): Promise<Caller | undefined> {
    const change = this.#changes;
    const caller = await this.#store.findByKeyHash(sha256);
    // It may have been read before the change: right for this request, and not to be kept.
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

  /** Somebody may have changed keys unheard: each is looked up again before it is believed. */
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

/** The form in which keys are stored: SHA-256, lower-case hex. */
export function hashKey(apiKey: string): string {
  return hash('sha256', apiKey, 'hex');
}

function keep(entries: Map<string, Entry>, sha256: string, entry: Entry, max: number): void {
  entries.delete(sha256);
  entries.set(sha256, entry);
  const oldest = entries.keys().next().value;
  if (entries.size > max && oldest !== undefined) entries.delete(oldest);
}
