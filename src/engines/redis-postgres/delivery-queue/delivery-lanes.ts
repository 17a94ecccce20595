import { type DeliveryId, type EndpointId, uuidv7Time } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
import { addMs, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { LaneDemand } from '../../../ports/record/delivery-queue.ts';
import { type Redis, WAITING_KEY, WrongType, wrongType } from '../redis/index.ts';
import { LaneWatch } from './lane-watch.ts';

const DELIVERIES_GROUP = 'webhook-deliverers';
const DELIVERIES_STREAM = 'webhook-deliveries';
/** In one call: some ms of Redis' one thread, and what Lua can unpack. */
const MAX_ITEMS = 500;
/** Lanes read at once, about. */
const LANES_PAGE = 1_000;
/** Looked at for the oldest. */
const MAX_SCANNED_LANES = 100;

export interface LaneMember {
  readonly endpointId: EndpointId;
  readonly deliveryId: DeliveryId;
}

export interface ClaimedMembers {
  readonly endpointId: EndpointId;
  readonly claimed: readonly { readonly deliveryId: DeliveryId; readonly previousScore: number }[];
  /** The lane's lowest score, or when its limits let one through; null when it is empty. */
  readonly nextDueAt: Timestamp | null;
}

/**
 * Which deliveries wait, in Redis: for each endpoint a lane, a sorted set by the time at which a delivery may be taken (0 =
 * at once; the end of its lease while somebody has it), and the stream `zapier:webhook-deliveries` of those that are due,
 * which wakes deliverers and whose length is the backlog. A hint, all of it: the record decides.
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
      tell: (endpointIds) => this.#due.call(endpointIds),
    });
  }

  /** Those that are in a lane already stay as they are. @returns how many were not */
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

  /** Answers in the order of the demands. What is taken comes again when its lease ends, unless it is moved before. */
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

  /** As if they had not been taken. */
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

  /** @param items dueAt null: it is done. fence: only while the score is this */
  settle(
    items: readonly (LaneMember & { readonly dueAt: Timestamp | null; readonly fence: Timestamp | null })[],
  ): Promise<void> {
    return this.#move(
      items.map(({ dueAt, ...member }) => ({ ...member, score: dueAt })),
      false,
    );
  }

  /** Given back: due then, with an entry in the stream if that is now. */
  requeue(items: readonly (LaneMember & { readonly dueAt: Timestamp })[]): Promise<void> {
    return this.#move(
      items.map(({ dueAt, ...member }) => ({ ...member, score: dueAt, fence: null })),
      true,
    );
  }

  remove(endpointId: EndpointId, deliveryIds: readonly DeliveryId[]): Promise<void> {
    return this.settle(deliveryIds.map((deliveryId) => ({ endpointId, deliveryId, dueAt: null, fence: null })));
  }

  /** @returns a function that ends it */
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

  /** By ZSCAN, which leaves out none that is there all the time; pages by rank would, where lanes go meanwhile. */
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

  /** Since when the longest waiting delivery is due, over some lanes; what is due at once is so since it was made. */
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

  /** Those due by the clock, over some lanes; leases that ran out are among them. */
  async retriesDue(now: Timestamp): Promise<number> {
    const lanes = (await this.#firstLanes()).filter(([, score]) => score <= now);
    const counts = await Promise.all(
      lanes.map(([endpointId]) => this.#ofLane('ZCOUNT', this.#lane(endpointId), '(0', String(now))),
    );
    return counts.reduce((sum: number, count) => sum + Number(count ?? 0), 0);
  }

  /** Those with something due for longest, and when each comes due. */
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

  /** Null where the lane's key holds another type: that is this lane's. */
  async #ofLane(...command: readonly string[]): Promise<unknown> {
    try {
      return await this.#redis.command(...command);
    } catch (error) {
      if (error instanceof WrongType) return null;
      throw error;
    }
  }

  /** Lanes with a key of another type: an error of theirs, which the reconciler meets again until the key is gone. */
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

/** What takers have of a lane, by the end of their lease. */
const LEASED = 'lane-held:';
const ENTRIES = `${DELIVERIES_STREAM}:entries`;
/** Set when the lanes hold every delivery that waits in the record (`CompletenessMark`). */
export const LANES_COMPLETE = `${DELIVERIES_STREAM}:complete`;

function listOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError('A script of lanes answered no list');
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

/** Members with scores: RESP3 pairs them, RESP2 gives a flat list. */
function pairs(reply: unknown): [string, number][] {
  if (!Array.isArray(reply)) return [];
  if (Array.isArray(reply[0])) return reply.map(([member, score]) => [String(member), Number(score)]);
  const found: [string, number][] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) found.push([String(reply[at]), Number(reply[at + 1])]);
  return found;
}
