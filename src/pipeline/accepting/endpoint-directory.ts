import { Batcher } from '../../core/batcher.ts';
import { type Endpoint, endpointsRevision } from '../../core/delivery/endpoint.ts';
import { stepsOfPatterns } from '../../core/events/event-type.ts';
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
  /** Identity shared by all lists derived from one another by incremental changes. */
  readonly lineage: object;
}

/** Cache size over all organizations; an endpoint takes about 1 KB. */
const MAX_CACHED_ENDPOINTS = 50_000;
const MAX_FIND = 500;
/** Up to this number of changed endpoints are read one by one; above it the whole list is read again. */
const MAX_CHANGED = 500;
/** Characters of event types in one page of a full load, a few ms of the event loop. The page size adapts to this bound. */
const PAGE_CHARACTERS = 500_000;
const [MIN_PAGE, FIRST_PAGE, MAX_PAGE] = [10, 100, 1_000];

/**
 * Cache of each organization's endpoints, for fan-out. The process that makes a change sees it at once, other processes
 * within `maxAgeMs`. If nothing changed when an entry expires, the list object stays the same, so results cached by
 * list stay valid. An announced change reads only the changed endpoints: a full reload of 1,500 endpoints with 100 long
 * patterns each took 0.3 s of the event loop.
 */
export class EndpointDirectory {
  readonly #store: EndpointStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: Milliseconds;
  readonly #entries = new Map<OrganizationId, Entry>();
  /** Endpoints that changed after, or during, the last read of their list. */
  readonly #changed = new Map<OrganizationId, Set<EndpointId>>();
  /** Organizations whose load ran while bus messages may have been missed; the load is repeated. */
  readonly #missed = new Set<OrganizationId>();
  readonly #loading = new Map<OrganizationId, Promise<readonly Endpoint[]>>();
  /** Batches lookups by id: after a gap in the bus every lane looks its endpoint up at once. */
  readonly #finds: Batcher<EndpointId, { readonly endpoint: Endpoint | undefined }>;
  #cached = 0;

  /** @param parts.maxAgeMs `Infinity` where every change passes through this process */
  constructor(parts: { store: EndpointStore; bus: Bus; clock: Clock; maxAgeMs: Milliseconds }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#maxAgeMs = parts.maxAgeMs;
    this.#finds = new Batcher(async (ids) => (await this.#store.find(ids)).map((endpoint) => ({ endpoint })), {
      maxItems: MAX_FIND,
      isItemError,
    });
    parts.bus.subscribe((message) => {
      if (message.kind === 'endpoints_changed') this.#markChanged(message.organizationId, message.endpointId);
    });
    parts.bus.onMissed(() => {
      for (const organizationId of [...this.#entries.keys()]) this.#drop(organizationId);
      for (const organizationId of this.#loading.keys()) this.#missed.add(organizationId);
    });
  }

  /** Returns the list synchronously on a cache hit. */
  of(organizationId: OrganizationId): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const entry = this.#entries.get(organizationId);
    if (entry !== undefined && this.#isFresh(entry) && !this.#changed.has(organizationId)) {
      const loading = this.#loading.size === 0 ? undefined : this.#loading.get(organizationId);
      return loading ?? entry.endpoints;
    }
    return this.#load(organizationId);
  }

  /**
   * Returns one object for a list and every list derived from it by single changes, so that most results cached for one
   * list stay valid for the next.
   */
  lineageOf(organizationId: OrganizationId, endpoints: readonly Endpoint[]): object {
    const entry = this.#entries.get(organizationId);
    return entry?.endpoints === endpoints ? entry.lineage : endpoints;
  }

  /**
   * Reads one endpoint by id, bypassing the cache. Used by lanes, which keep the result until the bus announces a
   * change.
   */
  async find(id: EndpointId): Promise<Endpoint | undefined> {
    return (await this.#finds.add(id)).endpoint;
  }

  #load(organizationId: OrganizationId): Promise<readonly Endpoint[]> {
    const running = this.#loading.get(organizationId);
    if (running !== undefined) return running;
    const loading = this.#loadNow(organizationId).finally(() => {
      this.#loading.delete(organizationId);
    });
    this.#loading.set(organizationId, loading);
    return loading;
  }

  async #loadNow(organizationId: OrganizationId): Promise<readonly Endpoint[]> {
    try {
      let entry = await this.#current(organizationId);
      // An endpoint that changes during its lookup is looked up again.
      for (let changed = this.#changed.get(organizationId); changed !== undefined; ) {
        this.#changed.delete(organizationId);
        entry =
          changed.size > MAX_CHANGED ? await this.#read(organizationId) : await this.#applyChanges(entry, changed);
        changed = this.#changed.get(organizationId);
      }
      if (this.#missed.delete(organizationId)) return this.#loadNow(organizationId);
      this.#put(organizationId, entry);
      return entry.endpoints;
    } catch (error) {
      // The set of changed endpoints may be incomplete now, so the cached list is dropped.
      this.#drop(organizationId);
      throw error;
    }
  }

  /** Returns an entry that is current except for the endpoints in `#changed`. */
  async #current(organizationId: OrganizationId): Promise<Entry> {
    const known = this.#entries.get(organizationId);
    if (known === undefined) {
      this.#changed.delete(organizationId);
      return this.#read(organizationId);
    }
    if (this.#isFresh(known)) return known;
    const loadedAt = this.#clock.monotonicMs();
    const revision = await this.#store.revision(organizationId);
    if (revision === known.revision) return { ...known, loadedAt };
    const changed = this.#changed.get(organizationId);
    if (changed !== undefined && changed.size <= MAX_CHANGED) {
      this.#changed.delete(organizationId);
      const patched = await this.#applyChanges(known, changed);
      if (patched.revision === revision) return { ...patched, loadedAt };
    }
    return this.#read(organizationId);
  }

  async #applyChanges(entry: Entry, changed: ReadonlySet<EndpointId>): Promise<Entry> {
    const [first] = entry.endpoints;
    const found = (await this.#store.find([...changed])).filter((endpoint) => endpoint !== undefined);
    const kept = entry.endpoints.filter(({ id }) => !changed.has(id));
    const endpoints = [...kept, ...found].sort((one, other) => (one.id < other.id ? -1 : 1));
    // A list that was empty had no lineage worth keeping.
    const lineage = first === undefined ? endpoints : entry.lineage;
    return { ...entry, endpoints, revision: endpointsRevision(endpoints), lineage };
  }

  /** Reads the whole list in pages and yields to the event loop between pages. */
  async #read(organizationId: OrganizationId): Promise<Entry> {
    const loadedAt = this.#clock.monotonicMs();
    // The revision is read first, so that a change during the read shows as a different revision.
    const revision = await this.#store.revision(organizationId);
    const endpoints: Endpoint[] = [];
    for (let [limit, after, more] = [FIRST_PAGE, null as EndpointId | null, true]; more; ) {
      const page = await this.#store.list(organizationId, { limit, after, from: null, to: null });
      endpoints.push(...page);
      more = page.length === limit;
      after = page.at(-1)?.id ?? after;
      const characters = page.reduce((sum, { eventTypes }) => sum + stepsOfPatterns(eventTypes), 0);
      if (characters > PAGE_CHARACTERS) limit = Math.max(MIN_PAGE, Math.floor(limit / 2));
      else if (2 * characters < PAGE_CHARACTERS) limit = Math.min(MAX_PAGE, 2 * limit);
      if (more) await new Promise((resolve) => setImmediate(resolve));
    }
    endpoints.reverse();
    return { endpoints, revision, loadedAt, lineage: endpoints };
  }

  #isFresh({ loadedAt }: Entry): boolean {
    return this.#clock.monotonicMs() - loadedAt <= this.#maxAgeMs;
  }

  #put(organizationId: OrganizationId, entry: Entry): void {
    this.#drop(organizationId);
    this.#entries.set(organizationId, entry);
    this.#cached += cost(entry.endpoints);
    for (const oldest of this.#entries.keys()) {
      if (this.#cached <= MAX_CACHED_ENDPOINTS || oldest === organizationId) break;
      this.#drop(oldest);
    }
  }

  #markChanged(organizationId: OrganizationId, endpointId: EndpointId): void {
    if (!this.#entries.has(organizationId) && !this.#loading.has(organizationId)) return;
    const changed = this.#changed.get(organizationId) ?? new Set();
    this.#changed.set(organizationId, changed);
    if (changed.size <= MAX_CHANGED) changed.add(endpointId);
  }

  #drop(organizationId: OrganizationId): void {
    const entry = this.#entries.get(organizationId);
    if (entry === undefined) return;
    this.#cached -= cost(entry.endpoints);
    this.#entries.delete(organizationId);
    if (!this.#loading.has(organizationId)) this.#changed.delete(organizationId);
  }
}

/** An entry without endpoints takes memory too. */
function cost(endpoints: readonly Endpoint[]): number {
  return endpoints.length + 1;
}
