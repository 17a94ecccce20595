import {
  type Activity,
  addDropped,
  type DroppedCounts,
  NOTHING_DROPPED,
  organizationOf,
  UNKNOWN_DROPPED,
  weightOf,
} from '../../../core/events/activity.ts';
import { ActivityBudget } from '../../../core/events/activity-budget.ts';
import type { OrganizationId } from '../../../core/ids.ts';
import { MAX_ACTIVITY_CHARACTERS_PER_SECOND, MAX_ACTIVITY_PER_SECOND } from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ActivityFeed, ActivityListener } from '../../../ports/coordination/activity.ts';
import type { Redis, RedisReader } from '../redis/index.ts';

/**
 * How long activities gather before they are published: imperceptible to watchers, and twenty calls a second cost Redis
 * nothing.
 */
const GATHER_MS: Milliseconds = 50;
const RETRY_PAUSE_MS: Milliseconds = 1_000;
/** Bounds for gathered activities over all organizations, while Redis is slow. */
const MAX_GATHERED_CHARACTERS = 8 * 1024 * 1024;
const MAX_GATHERED_ORGANIZATIONS = 10_000;

/** An organization's activities since the last publication. */
interface Gathered {
  readonly activities: Activity[];
  characters: number;
  dropped: DroppedCounts;
}

interface Watched {
  readonly listeners: Set<ActivityListener>;
  readonly subscribed: Promise<void>;
}

/**
 * Activities between processes, over one Redis channel per watched organization. Before each publication one command
 * asks Redis which channels have subscribers, for all gathered organizations. So no process has to know who watches, no
 * registration expires, and a subscriber misses nothing that happens after its subscription.
 */
export class RedisActivity implements ActivityFeed {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #budgets = new Map<OrganizationId, ActivityBudget>();
  readonly #watched = new Map<OrganizationId, Watched>();
  /** Subscriptions that are ending. */
  readonly #ending = new Map<OrganizationId, Promise<void>>();
  #gathered = new Map<OrganizationId, Gathered>();
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> | undefined;
  #reader: RedisReader | undefined;
  #closed = false;

  constructor(parts: { redis: Redis; clock: Clock }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
  }

  publish(activities: readonly Activity[]): void {
    if (this.#closed) return;
    for (const activity of activities) this.#gather(activity);
    this.#schedule(GATHER_MS);
  }

  async subscribe(organizationId: OrganizationId, listener: ActivityListener): Promise<() => void> {
    let watched = this.#watched.get(organizationId);
    if (watched === undefined) {
      watched = { listeners: new Set(), subscribed: this.#listen(organizationId) };
      this.#watched.set(organizationId, watched);
    }
    const own = watched;
    own.listeners.add(listener);
    try {
      await own.subscribed;
    } catch (error) {
      if (this.#watched.get(organizationId) === own) this.#watched.delete(organizationId);
      throw error;
    }
    return () => this.#leave(organizationId, own, listener);
  }

  /** Publishes gathered activities, if Redis is available. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#publishing;
    if (this.#gathered.size > 0) await this.#publishGathered();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#reader?.close();
  }

  #gather(activity: Activity): void {
    const organizationId = organizationOf(activity);
    const gathered = this.#gatheredFor(organizationId);
    const weight = weightOf(activity);
    const isFull =
      gathered.activities.length >= MAX_ACTIVITY_PER_SECOND ||
      gathered.characters >= MAX_ACTIVITY_CHARACTERS_PER_SECOND ||
      this.#characters >= MAX_GATHERED_CHARACTERS;
    if (isFull) {
      gathered.dropped = count(gathered.dropped, activity);
      return;
    }
    gathered.activities.push(activity);
    gathered.characters += weight;
    this.#characters += weight;
  }

  #gatheredFor(organizationId: OrganizationId): Gathered {
    const known = this.#gathered.get(organizationId);
    if (known !== undefined) return known;
    const gathered = { activities: [], characters: 0, dropped: NOTHING_DROPPED };
    this.#gathered.set(organizationId, gathered);
    return gathered;
  }

  #schedule(pauseMs: Milliseconds): void {
    if (this.#timer !== undefined || this.#publishing !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#publishing = this.#publishGathered();
    }, pauseMs).unref();
  }

  async #publishGathered(): Promise<void> {
    const all = this.#gathered;
    this.#gathered = new Map();
    this.#characters = 0;
    let pauseMs = GATHER_MS;
    try {
      const watched = await this.#watchedAmong([...all.keys()]);
      for (const organizationId of this.#budgets.keys()) {
        if (all.has(organizationId) && !watched.has(organizationId)) this.#budgets.delete(organizationId);
      }
      await Promise.all([...watched].map((id) => this.#publishOne(id, all.get(id))));
    } catch {
      // Watchers learn the number of dropped activities when Redis is back; accepting and delivering are not affected.
      pauseMs = RETRY_PAUSE_MS;
      this.#countDropped(all);
    }
    this.#publishing = undefined;
    if (this.#gathered.size > 0) this.#schedule(pauseMs);
  }

  async #watchedAmong(organizationIds: readonly OrganizationId[]): Promise<Set<OrganizationId>> {
    const channels = organizationIds.map((id) => this.#channel(id));
    const reply = await this.#redis.command('PUBSUB', 'NUMSUB', ...channels);
    // The reply alternates channels and their numbers of subscribers, in the order of the request.
    const numbers = Array.isArray(reply) ? reply.filter((_, at) => at % 2 === 1).map(Number) : [];
    return new Set(organizationIds.filter((_, at) => (numbers[at] ?? 0) > 0));
  }

  async #publishOne(organizationId: OrganizationId, gathered: Gathered | undefined): Promise<void> {
    if (gathered === undefined) return;
    const budget = this.#budgets.get(organizationId) ?? new ActivityBudget();
    this.#budgets.set(organizationId, budget);
    const now = this.#clock.monotonicMs();
    let { dropped } = gathered;
    const activities = inOrder(gathered.activities).filter((activity) => {
      const isPublished = budget.take(activity, now);
      if (!isPublished) dropped = count(dropped, activity);
      return isPublished;
    });
    // The field is `untold` on the wire: processes of versions 0.1.x read it.
    const message = JSON.stringify({ activities, untold: dropped });
    await this.#redis.command('PUBLISH', this.#channel(organizationId), message);
  }

  #countDropped(all: ReadonlyMap<OrganizationId, Gathered>): void {
    if (this.#gathered.size + all.size > MAX_GATHERED_ORGANIZATIONS) return;
    for (const [organizationId, { activities, dropped }] of all) {
      const gathered = this.#gatheredFor(organizationId);
      gathered.dropped = activities.reduce(count, addDropped(gathered.dropped, dropped));
    }
  }

  async #listen(organizationId: OrganizationId): Promise<void> {
    await this.#ending.get(organizationId);
    this.#reader ??= this.#redis.reader();
    await this.#reader.subscribe(
      this.#channel(organizationId),
      (text) => this.#hear(organizationId, text),
      () => this.#forEach(organizationId, (listener) => listener.onDropped(UNKNOWN_DROPPED)),
    );
  }

  #leave(organizationId: OrganizationId, watched: Watched, listener: ActivityListener): void {
    watched.listeners.delete(listener);
    if (watched.listeners.size > 0 || this.#watched.get(organizationId) !== watched) return;
    this.#watched.delete(organizationId);
    const ending = this.#reader?.unsubscribe(this.#channel(organizationId)).finally(() => {
      if (this.#ending.get(organizationId) === ending) this.#ending.delete(organizationId);
    });
    if (ending !== undefined) this.#ending.set(organizationId, ending);
  }

  #hear(organizationId: OrganizationId, text: string): void {
    const { activities, dropped } = read(text);
    this.#forEach(organizationId, (listener) => {
      if (activities.length > 0) listener.onActivities(activities);
      if (dropped.event !== 0 || dropped.delivery !== 0) listener.onDropped(dropped);
    });
  }

  #forEach(organizationId: OrganizationId, act: (listener: ActivityListener) => void): void {
    for (const listener of this.#watched.get(organizationId)?.listeners ?? []) act(listener);
  }

  #channel(organizationId: OrganizationId): string {
    return this.#redis.key(`activity:${organizationId}`);
  }
}

/** Sorts events by id, the order in which watchers resume: batches are recorded concurrently. */
function inOrder(activities: readonly Activity[]): Activity[] {
  const events = activities.filter((activity) => activity.kind === 'event');
  events.sort((one, other) => (one.event.id < other.event.id ? -1 : 1));
  return [...events, ...activities.filter(({ kind }) => kind === 'delivery')];
}

function count(dropped: DroppedCounts, { kind }: Activity): DroppedCounts {
  return addDropped(dropped, { ...NOTHING_DROPPED, [kind]: 1 });
}

/** Decodes a message. A process of another version may send unknown kinds. */
function read(text: string): { readonly activities: readonly Activity[]; readonly dropped: DroppedCounts } {
  try {
    const { activities, untold } = JSON.parse(text);
    return {
      activities: activities.filter(({ kind }: Activity) => kind === 'event' || kind === 'delivery'),
      dropped: { event: Number(untold.event), delivery: Number(untold.delivery) },
    };
  } catch {
    return { activities: [], dropped: UNKNOWN_DROPPED };
  }
}
