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
  /** The same for lists of which one was made from the other. */
  readonly lineage: object;
}

/** Endpoints kept in memory at most, over all organizations (about 1 KB each). */
const MAX_CACHED_ENDPOINTS = 50_000;
const MAX_FIND = 500;
/** Changed endpoints of an organization that are looked up one by one; when there are more, all are loaded. */
const MAX_CHANGED = 500;
/** Of a page of a whole load, in characters of event types: some ms. Pages grow and shrink to it. */
const PAGE_CHARACTERS = 500_000;
const [MIN_PAGE, FIRST_PAGE, MAX_PAGE] = [10, 100, 1_000];

/**
 * An organization's endpoints, kept in memory for fan-out. A change is seen at once in the process that made it, within
 * `maxAgeMs` in the others; what has not changed by then stays the same list, for others keep what they have found in it. A
 * change that was told of is looked up alone: all of 1,500 endpoints with 100 long patterns were 0.3 s of the event loop.
 */
export class EndpointDirectory {
  readonly #store: EndpointStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: Milliseconds;
  readonly #entries = new Map<OrganizationId, Entry>();
  /** Which endpoints have changed since their list was read, or while it is. */
  readonly #changed = new Map<OrganizationId, Set<EndpointId>>();
  /** Being loaded when messages may have been missed. */
  readonly #missed = new Set<OrganizationId>();
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
      if (message.kind === 'endpoints_changed') this.#note(message.organizationId, message.endpointId);
    });
    parts.bus.onMissed(() => {
      for (const organizationId of [...this.#entries.keys()]) this.#drop(organizationId);
      for (const organizationId of this.#loading.keys()) this.#missed.add(organizationId);
    });
  }

  /** Answers at once when they are in memory. */
  of(organizationId: OrganizationId): readonly Endpoint[] | Promise<readonly Endpoint[]> {
    const entry = this.#entries.get(organizationId);
    if (entry !== undefined && this.#isYoung(entry) && !this.#changed.has(organizationId)) {
      const loading = this.#loading.size === 0 ? undefined : this.#loading.get(organizationId);
      return loading ?? entry.endpoints;
    }
    return this.#load(organizationId);
  }

  /** The same object for a list and those that it was made from by single changes: what was found in one holds mostly. */
  lineageOf(organizationId: OrganizationId, endpoints: readonly Endpoint[]): object {
    const entry = this.#entries.get(organizationId);
    return entry?.endpoints === endpoints ? entry.lineage : endpoints;
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
    });
    this.#loading.set(organizationId, loading);
    return loading;
  }

  async #loadNow(organizationId: OrganizationId): Promise<readonly Endpoint[]> {
    try {
      let entry = await this.#current(organizationId);
      // One that changes while it is looked up is looked up again.
      for (let changed = this.#changed.get(organizationId); changed !== undefined; ) {
        this.#changed.delete(organizationId);
        entry = changed.size > MAX_CHANGED ? await this.#read(organizationId) : await this.#patched(entry, changed);
        changed = this.#changed.get(organizationId);
      }
      if (this.#missed.delete(organizationId)) return this.#loadNow(organizationId);
      this.#keep(organizationId, entry);
      return entry.endpoints;
    } catch (error) {
      // What had changed may be forgotten.
      this.#drop(organizationId);
      throw error;
    }
  }

  /** As of now, but for what is known to have changed. */
  async #current(organizationId: OrganizationId): Promise<Entry> {
    const known = this.#entries.get(organizationId);
    if (known === undefined) {
      this.#changed.delete(organizationId);
      return this.#read(organizationId);
    }
    if (this.#isYoung(known)) return known;
    const loadedAt = this.#clock.monotonicMs();
    const revision = await this.#store.revision(organizationId);
    if (revision === known.revision) return { ...known, loadedAt };
    const changed = this.#changed.get(organizationId);
    if (changed !== undefined && changed.size <= MAX_CHANGED) {
      this.#changed.delete(organizationId);
      const patched = await this.#patched(known, changed);
      if (patched.revision === revision) return { ...patched, loadedAt };
    }
    return this.#read(organizationId);
  }

  async #patched(entry: Entry, changed: ReadonlySet<EndpointId>): Promise<Entry> {
    const [first] = entry.endpoints;
    const found = (await this.#store.find([...changed])).filter((endpoint) => endpoint !== undefined);
    const kept = entry.endpoints.filter(({ id }) => !changed.has(id));
    const endpoints = [...kept, ...found].sort((one, other) => (one.id < other.id ? -1 : 1));
    // None before: from here on it is the list of those.
    const lineage = first === undefined ? endpoints : entry.lineage;
    return { ...entry, endpoints, revision: endpointsRevision(endpoints), lineage };
  }

  /** All of them, in pages, with turns for others in between. */
  async #read(organizationId: OrganizationId): Promise<Entry> {
    const loadedAt = this.#clock.monotonicMs();
    // Before they are read: what changes meanwhile is another one.
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

  #isYoung({ loadedAt }: Entry): boolean {
    return this.#clock.monotonicMs() - loadedAt <= this.#maxAgeMs;
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

  #note(organizationId: OrganizationId, endpointId: EndpointId): void {
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

/** An organization without endpoints takes room too. */
function cost(endpoints: readonly Endpoint[]): number {
  return endpoints.length + 1;
}
