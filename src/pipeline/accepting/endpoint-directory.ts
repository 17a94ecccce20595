import { Batcher } from '../../core/batcher.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Bus } from '../../ports/coordination/bus.ts';
import type { EndpointStore } from '../../ports/store/endpoint-store.ts';
import { isItemError } from '../../ports/unavailable.ts';

interface Entry {
  readonly endpoints: readonly Endpoint[];
  readonly revision: string;
  readonly loadedAt: Milliseconds;
}

/** Endpoints kept in memory at most, over all organizations (about 1 KB each). */
const MAX_CACHED_ENDPOINTS = 50_000;
const MAX_FIND = 500;

/**
 * An organization's endpoints, kept in memory for fan-out. A change is seen at once in the process that made it, within
 * `maxAgeMs` in the others; what has not changed by then stays the same list, for others keep what they have found in it.
 */
export class EndpointDirectory {
  readonly #store: EndpointStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: Milliseconds;
  readonly #entries = new Map<OrganizationId, Entry>();
  /** Counts changes, so that a load which began before one is not kept. */
  readonly #changes = new Map<OrganizationId, number>();
  readonly #loading = new Map<OrganizationId, Promise<readonly Endpoint[]>>();
  /** After a gap in the bus every lane asks at once. */
  readonly #finds: Batcher<EndpointId, { readonly endpoint: Endpoint | undefined }>;
  #cached = 0;

  /** @param parts.maxAgeMs Infinity where every change passes through this process */
  constructor(parts: { store: EndpointStore; bus: Bus; clock: Clock; maxAgeMs: Milliseconds }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#maxAgeMs = parts.maxAgeMs;
    this.#finds = new Batcher(async (ids) => (await this.#store.find(ids)).map((endpoint) => ({ endpoint })), {
      maxItems: MAX_FIND,
      isItemError,
    });
    parts.bus.subscribe((message) => {
      if (message.kind === 'endpoints_changed') this.#forget(message.organizationId);
    });
    parts.bus.onMissed(() => {
      for (const organizationId of [...this.#entries.keys(), ...this.#loading.keys()]) this.#forget(organizationId);
    });
  }

  /** Answers at once when they are in memory. */
  of(organizationId: OrganizationId): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const entry = this.#entries.get(organizationId);
    if (entry !== undefined && this.#clock.monotonicMs() - entry.loadedAt <= this.#maxAgeMs) return entry.endpoints;
    return this.#load(organizationId);
  }

  /** By id alone, past the cache: for lanes, which keep what they find until the bus speaks of it. */
  async find(id: EndpointId): Promise<Endpoint | undefined> {
    return (await this.#finds.add(id)).endpoint;
  }

  #load(organizationId: OrganizationId): Promise<readonly Endpoint[]> {
    const under = this.#loading.get(organizationId);
    if (under !== undefined) return under;
    const loading = this.#loadNow(organizationId).finally(() => {
      this.#loading.delete(organizationId);
      this.#changes.delete(organizationId);
    });
    this.#loading.set(organizationId, loading);
    return loading;
  }

  async #loadNow(organizationId: OrganizationId): Promise<readonly Endpoint[]> {
    while (true) {
      const change = this.#changes.get(organizationId);
      const known = this.#entries.get(organizationId);
      // Before they are read: what changes meanwhile is another one.
      const revision = await this.#store.revision(organizationId);
      const endpoints = known?.revision === revision ? known.endpoints : await this.#store.all(organizationId);
      if (this.#changes.get(organizationId) !== change) continue;
      this.#keep(organizationId, { endpoints, revision, loadedAt: this.#clock.monotonicMs() });
      return endpoints;
    }
  }

  #keep(organizationId: OrganizationId, entry: Entry): void {
    this.#drop(organizationId);
    this.#entries.set(organizationId, entry);
    this.#cached += cost(entry.endpoints);
    for (const oldest of this.#entries.keys()) {
      if (this.#cached <= MAX_CACHED_ENDPOINTS || oldest === organizationId) break;
      this.#drop(oldest);
    }
  }

  #forget(organizationId: OrganizationId): void {
    this.#drop(organizationId);
    if (this.#loading.has(organizationId)) {
      this.#changes.set(organizationId, (this.#changes.get(organizationId) ?? 0) + 1);
    }
  }

  #drop(organizationId: OrganizationId): void {
    const entry = this.#entries.get(organizationId);
    if (entry === undefined) return;
    this.#cached -= cost(entry.endpoints);
    this.#entries.delete(organizationId);
  }
}

/** An organization without endpoints takes room too. */
function cost(endpoints: readonly Endpoint[]): number {
  return endpoints.length + 1;
}
