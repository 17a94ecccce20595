import { type DeliveryId, type EndpointId, uuidv7Time } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
import { addMs, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { LaneDemand } from '../../../ports/record/delivery-queue.ts';
import { type Redis, WAITING_KEY, WrongType, wrongType } from '../redis/index.ts';
import { LaneWatch } from './lane-watch.ts';

const DELIVERIES_GROUP = 'webhook-deliverers';
const DELIVERIES_STREAM = 'webhook-deliveries';
/** Items per call: a few ms of Redis' single thread, and the number of values that Lua can unpack. */
const MAX_ITEMS = 500;
/** Approximate number of lanes read at once. */
const LANES_PAGE = 1_000;
/** Lanes scanned for the oldest delivery. */
const MAX_SCANNED_LANES = 100;

export interface LaneMember {
  readonly endpointId: EndpointId;
  readonly deliveryId: DeliveryId;
}

export interface ClaimedMembers {
  readonly endpointId: EndpointId;
  readonly claimed: readonly { readonly deliveryId: DeliveryId; readonly previousScore: number }[];
  /** The lane's lowest score, or the time its limits allow a claim; null when the lane is empty. */
  readonly nextDueAt: Timestamp | null;
}

/**
 * Waiting deliveries in Redis: a sorted set per endpoint (its lane), scored by the time at which a delivery may be
 * claimed (0 = at once; the end of the lease while leased), and the stream `zapier:webhook-deliveries` of due
 * deliveries, which wakes deliverers and whose length is the backlog. All of it is a hint: the record decides.
 */
export class DeliveryLanes {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #due = new Listeners<readonly EndpointId[]>();
  readonly #watch: LaneWatch;
  #listeners = 0;

  constructor(parts: { redis: Redis; consumer: string; clock: Clock }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
    this.#watch = new LaneWatch({
      ...parts,
      stream: this.#key(DELIVERIES_STREAM),
      group: DELIVERIES_GROUP,
      lanes: this.#key('lanes'),
      onDue: (endpointIds) => this.#due.call(endpointIds),
    });
  }

  /** Adds deliveries to their lanes; existing members are unchanged. @returns how many were added */
  async enqueue(items: readonly (LaneMember & { readonly dueAt: Timestamp })[]): Promise<number> {
    const keys = [this.#key('lanes'), this.#key(DELIVERIES_STREAM), this.#key(ENTRIES), this.#key(WAITING_KEY)];
    let added = 0;
    for (const page of pages(items)) {
      const args = page.flatMap(({ deliveryId, endpointId, dueAt }) => [deliveryId, endpointId, String(dueAt)]);
      const head = [this.#lane(''), String(this.#clock.now())];
      const [count, ...broken] = listOf(await this.#redis.run('enqueue-deliveries', keys, [...head, ...args]));
      added += Number(count);
      this.#reportBroken(broken);
    }
    return added;
  }

  /**
   * Claims due members, in the order of the demands. A claimed member becomes due again when its lease ends, unless it
   * is moved before.
   */
  async claim(demands: readonly LaneDemand[], now: Timestamp): Promise<readonly ClaimedMembers[]> {
    const args = demands.flatMap(({ endpointId, limit, leaseMs, limits }) => [
      endpointId,
      String(limit),
      String(addMs(now, leaseMs)),
      String(limits?.maxLeased ?? ''),
      String(limits?.ratePerSecond ?? ''),
    ]);
    const head = [this.#lane(''), this.#key(LEASED), this.#key('lane-rate:'), String(now)];
    const answers = listOf(await this.#redis.run('claim-deliveries', [this.#key('lanes')], [...head, ...args]));
    return demands.map(({ endpointId }, n) => {
      const answer = answers[n];
      if (Array.isArray(answer)) return claimedMembers(endpointId, answer);
      this.#reportBroken([endpointId]);
      return { endpointId, claimed: [], nextDueAt: null };
    });
  }

  /** Restores the members' scores from before a claim. */
  undoClaim(
    items: readonly (LaneMember & { readonly leasedUntil: Timestamp; readonly previousScore: number })[],
  ): Promise<void> {
    return this.#move(
      items.map(({ leasedUntil, previousScore, ...member }) => ({
        ...member,
        score: previousScore,
        fence: leasedUntil,
      })),
      true,
    );
  }

  /** @param items dueAt: null removes a final delivery; fence: applies only while the score has this value */
  settle(
    items: readonly (LaneMember & { readonly dueAt: Timestamp | null; readonly fence: Timestamp | null })[],
  ): Promise<void> {
    return this.#move(
      items.map(({ dueAt, ...member }) => ({ ...member, score: dueAt })),
      false,
    );
  }

  /** Makes released deliveries due at a time, with an entry in the stream if that is now. */
  requeue(items: readonly (LaneMember & { readonly dueAt: Timestamp })[]): Promise<void> {
    return this.#move(
      items.map(({ dueAt, ...member }) => ({ ...member, score: dueAt, fence: null })),
      true,
    );
  }

  remove(endpointId: EndpointId, deliveryIds: readonly DeliveryId[]): Promise<void> {
    return this.settle(deliveryIds.map((deliveryId) => ({ endpointId, deliveryId, dueAt: null, fence: null })));
  }

  /** @returns a function that removes the listener */
  onDue(listener: (endpointIds: readonly EndpointId[]) => void): () => void {
    const end = this.#due.add(listener);
    if (this.#listeners++ === 0) this.#watch.start();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      end();
      if (--this.#listeners === 0) void this.#watch.stop();
    };
  }

  /**
   * Reads all lanes with ZSCAN, which misses no lane that exists throughout; paging by rank would, when lanes are
   * removed meanwhile.
   */
  async waitingLanes(): Promise<{ readonly endpointId: EndpointId; readonly nextDueAt: Timestamp }[]> {
    const lanes = new Map<string, number>();
    let cursor = '0';
    do {
      const reply = await this.#redis.command('ZSCAN', this.#key('lanes'), cursor, 'COUNT', String(LANES_PAGE));
      const [next, page] = Array.isArray(reply) ? reply : [];
      for (const [endpointId, score] of pairs(page)) lanes.set(endpointId, score);
      cursor = String(next ?? '0');
    } while (cursor !== '0');
    return [...lanes].map(([endpointId, score]) => ({
      endpointId: endpointId as EndpointId,
      nextDueAt: timestamp(score),
    }));
  }

  async waiting(): Promise<number> {
    return Number((await this.#redis.command('GET', this.#key(WAITING_KEY))) ?? 0);
  }

  /** Due time of the oldest due delivery, over some lanes; a delivery with score 0 has been due since its creation. */
  async oldestDue(now: Timestamp): Promise<Timestamp | null> {
    const lanes = await this.#firstLanes();
    const times = await Promise.all(
      lanes.map(async ([endpointId, score]) => {
        if (score > 0) return score;
        const [first] = pairs(await this.#ofLane('ZRANGE', this.#lane(endpointId), '0', '0', 'WITHSCORES'));
        return first === undefined ? Number.POSITIVE_INFINITY : uuidv7Time(first[0]);
      }),
    );
    const oldest = Math.min(...times);
    return oldest <= now ? timestamp(oldest) : null;
  }

  /** Number of deliveries whose scheduled time has come, over some lanes; includes expired leases. */
  async retriesDue(now: Timestamp): Promise<number> {
    const lanes = (await this.#firstLanes()).filter(([, score]) => score <= now);
    const counts = await Promise.all(
      lanes.map(([endpointId]) => this.#ofLane('ZCOUNT', this.#lane(endpointId), '(0', String(now))),
    );
    return counts.reduce((sum: number, count) => sum + Number(count ?? 0), 0);
  }

  /** The lanes that have been due longest, with their due times. */
  async #firstLanes(): Promise<[string, number][]> {
    const last = String(MAX_SCANNED_LANES - 1);
    return pairs(await this.#redis.command('ZRANGE', this.#key('lanes'), '0', last, 'WITHSCORES'));
  }

  close(): Promise<void> {
    return this.#watch.stop();
  }

  async #move(
    items: readonly (LaneMember & { readonly score: number | null; readonly fence: number | null })[],
    wake: boolean,
  ): Promise<void> {
    const keys = [this.#key('lanes'), this.#key(DELIVERIES_STREAM), this.#key(ENTRIES), this.#key(WAITING_KEY)];
    const head = [this.#lane(''), this.#key(LEASED), DELIVERIES_GROUP, String(this.#clock.now())];
    for (const page of pages(items)) {
      const args = page.flatMap(({ deliveryId, endpointId, score, fence }) => [
        deliveryId,
        endpointId,
        String(score ?? ''),
        String(fence ?? ''),
        wake ? '1' : '0',
      ]);
      this.#reportBroken(listOf(await this.#redis.run('move-deliveries', keys, [...head, ...args])));
    }
  }

  /** Runs a command on a lane's key; null when the key has another type, which affects this lane only. */
  async #ofLane(...command: readonly string[]): Promise<unknown> {
    try {
      return await this.#redis.command(...command);
    } catch (error) {
      if (error instanceof WrongType) return null;
      throw error;
    }
  }

  /** Reports lanes whose key has another type. The reconciler meets them again until the key is removed. */
  #reportBroken(endpointIds: readonly unknown[]): void {
    for (const endpointId of new Set(endpointIds.map(String)))
      this.#redis.reportWrongType(wrongType(this.#lane(endpointId)));
  }

  #key(name: string): string {
    return this.#redis.key(name);
  }

  #lane(endpointId: string): string {
    return this.#redis.key(`lane:${endpointId}`);
  }
}

/** Leased members of a lane, scored by the end of their lease. The key's name is that of version 0.1.0. */
const LEASED = 'lane-held:';
const ENTRIES = `${DELIVERIES_STREAM}:entries`;
/** Set when the lanes hold every delivery that waits in the record (`CompletenessMark`). */
export const LANES_COMPLETE = `${DELIVERIES_STREAM}:complete`;

function listOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError('A script of lanes did not return a list');
  return answer;
}

function claimedMembers(endpointId: EndpointId, answer: readonly unknown[]): ClaimedMembers {
  const [lowest, ...rest] = answer.map(String);
  const claimed = [];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    claimed.push({ deliveryId: (rest[at] ?? '') as DeliveryId, previousScore: Number(rest[at + 1]) });
  }
  return { endpointId, claimed, nextDueAt: lowest === '' ? null : timestamp(Number(lowest)) };
}

function* pages<Item>(items: readonly Item[]): Iterable<readonly Item[]> {
  for (let at = 0; at < items.length; at += MAX_ITEMS) yield items.slice(at, at + MAX_ITEMS);
}

/** Members with scores: pairs in RESP3, a flat list in RESP2. */
function pairs(reply: unknown): [string, number][] {
  if (!Array.isArray(reply)) return [];
  if (Array.isArray(reply[0])) return reply.map(([member, score]) => [String(member), Number(score)]);
  const found: [string, number][] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) found.push([String(reply[at]), Number(reply[at + 1])]);
  return found;
}
