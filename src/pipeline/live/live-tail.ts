import { stepsOfPatterns } from '../../core/events/event-type.ts';
import type { EventId, OrganizationId } from '../../core/ids.ts';
import {
  MAX_STREAM_PATTERN_CHARACTERS,
  MAX_STREAM_QUEUES_CHARACTERS,
  MAX_STREAMS,
  MAX_STREAMS_PER_ORGANIZATION,
} from '../../core/limits.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { ActivityFeed } from '../../ports/coordination/activity.ts';
import type { EventStore } from '../../ports/store/event-store.ts';
import type { Context } from '../context.ts';
import { READ_BYTES, Tail, type TailFilter } from './stream-tail.ts';

/** Pause between permission checks: a revoked key ends its streams within this time if the bus message was lost. */
const PERMISSION_PAUSE_MS: Milliseconds = 1_000;
/** Below every id: the position of an organization without events. */
const BEGINNING = '00000000-0000-0000-0000-000000000000' as EventId;

interface TailRequest {
  readonly organizationId: OrganizationId;
  readonly filter: TailFilter;
  /** The last event that the watcher has seen, or any other position among ids; null = start now. */
  readonly after: EventId | null;
  /** Called repeatedly. A rejection (the store cannot tell) does not end the stream. */
  readonly isAllowed: () => boolean | Promise<boolean>;
}

interface Open {
  readonly tail: Tail;
  readonly request: TailRequest;
}

type Refusal = 'too_many' | 'full' | 'stopping';

/** Live streams. A watcher never delays the pipeline: a watcher that does not read is disconnected. */
export class LiveTail {
  readonly #feed: ActivityFeed;
  readonly #events: EventStore;
  readonly #unsubscribe: () => void;
  readonly #open = new Set<Open>();
  /** Number of open and opening streams per organization. */
  readonly #counts = new Map<OrganizationId, number>();
  readonly #requests = new Set<TailRequest>();
  #count = 0;
  /** Characters queued over all streams. */
  #queued = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: Pick<Context, 'bus'>, feed: ActivityFeed, events: EventStore) {
    this.#feed = feed;
    this.#events = events;
    this.#unsubscribe = context.bus.subscribe((message) => {
      if (message.kind !== 'keys_changed') return;
      // Deferred, so that the key cache processes the message first.
      queueMicrotask(() => this.#checkPermissions(message.organizationId));
    });
  }

  /**
   * Opens a stream; the caller must call `close` when done.
   * @returns `too_many`: the organization's limit; `full`: the process's limit
   * @throws EngineUnavailable
   */
  async open(request: TailRequest): Promise<{ readonly tail: Tail; close(): void } | Refusal> {
    const { organizationId } = request;
    if (this.#stopping) return 'stopping';
    const count = this.#counts.get(organizationId) ?? 0;
    if (count >= MAX_STREAMS_PER_ORGANIZATION) return 'too_many';
    if (this.#count >= MAX_STREAMS) return 'full';
    if (count > 0 && this.#patternsWith(request) > MAX_STREAM_PATTERN_CHARACTERS) return 'too_many';
    this.#counts.set(organizationId, count + 1);
    this.#count++;
    this.#requests.add(request);
    try {
      return await this.#begin(request);
    } catch (error) {
      this.#release(request);
      throw error;
    }
  }

  #patternsWith(request: TailRequest): number {
    let characters = stepsOfPatterns(request.filter.types);
    for (const { organizationId, filter } of this.#requests) {
      if (organizationId === request.organizationId) characters += stepsOfPatterns(filter.types);
    }
    return characters;
  }

  /** Ends every stream at once. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    clearInterval(this.#timer);
    for (const { tail } of this.#open) tail.end('over');
  }

  /**
   * Subscribes first, then reads the newest id on record: later events are announced, earlier ones are on record, and
   * none falls between.
   */
  async #begin(request: TailRequest): Promise<{ readonly tail: Tail; close(): void }> {
    const { organizationId, filter, after } = request;
    let tail: Tail | undefined;
    const early: ((tail: Tail) => void)[] = [];
    const forward = (act: (tail: Tail) => void): void => {
      if (tail === undefined) early.push(act);
      else act(tail);
    };
    const unsubscribe = await this.#feed.subscribe(organizationId, {
      onActivities: (activities) => forward((listener) => listener.onActivities(activities)),
      onDropped: (counts) => forward((listener) => listener.onDropped(counts)),
    });
    try {
      const newest = await this.#newest(organizationId);
      const missed = after !== null && after < newest && filter.kinds.includes('event');
      tail = new Tail({
        filter,
        position: missed ? after : newest,
        missed,
        read: (position, limit) => this.#events.after(organizationId, position, limit, READ_BYTES),
        onGrowth: (characters) => this.#grow(characters),
      });
      for (const act of early) act(tail);
    } catch (error) {
      unsubscribe();
      throw error;
    }
    return this.#enter({ tail, request }, unsubscribe);
  }

  #enter(open: Open, unsubscribe: () => void): { readonly tail: Tail; close(): void } {
    this.#open.add(open);
    if (this.#stopping) open.tail.end('over');
    else this.#timer ??= setInterval(() => this.#checkPermissions(null), PERMISSION_PAUSE_MS).unref();
    return {
      tail: open.tail,
      close: () => {
        if (!this.#open.delete(open)) return;
        unsubscribe();
        open.tail.end('gone');
        this.#release(open.request);
      },
    };
  }

  async #newest(organizationId: OrganizationId): Promise<EventId> {
    const [newest] = await this.#events.list(organizationId, {
      limit: 1,
      after: null,
      from: null,
      to: null,
      type: null,
    });
    return newest?.id ?? BEGINNING;
  }

  #release(request: TailRequest): void {
    const { organizationId } = request;
    this.#requests.delete(request);
    const count = (this.#counts.get(organizationId) ?? 1) - 1;
    if (count === 0) this.#counts.delete(organizationId);
    else this.#counts.set(organizationId, count);
    this.#count--;
    if (this.#count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkPermissions(organizationId: OrganizationId | null): void {
    for (const open of this.#open) {
      if (organizationId === null || open.request.organizationId === organizationId) void checkPermission(open);
    }
  }

  #grow(characters: number): void {
    this.#queued += characters;
    if (this.#queued <= MAX_STREAM_QUEUES_CHARACTERS) return;
    const tails = Map.groupBy(this.#open, ({ request }) => request.organizationId).values();
    const most = [...tails].reduce((one, other) => (charactersOf(other) > charactersOf(one) ? other : one));
    most.reduce((longest, open) => (open.tail.characters > longest.tail.characters ? open : longest)).tail.end('slow');
  }
}

function charactersOf(open: readonly Open[]): number {
  return open.reduce((sum, { tail }) => sum + tail.characters, 0);
}

async function checkPermission({ tail, request }: Open): Promise<void> {
  try {
    if (!(await request.isAllowed())) tail.end('over');
  } catch {
    // The store cannot tell, which does not prove that the key is invalid.
  }
}
