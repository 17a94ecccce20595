import type { EndpointId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { ConsumerGroup, type Redis } from '../redis/index.ts';

const READ_WAIT_MS: Milliseconds = 2_000;
const MAX_ENTRIES = 500;
/** Pause between scans for due lanes that were not announced: retries, and announcements to a deliverer that died. */
const SCAN_PAUSE_MS: Milliseconds = 1_000;
const MAX_LANES = 1_000;
const ERROR_PAUSE_MS: Milliseconds = 250;
const SCANS_PER_CLEANUP = 600;

/**
 * Notifies a deliverer of due lanes. Each stream entry is delivered to one deliverer when it arrives, and stays in the
 * stream until any deliverer settles its delivery.
 */
export class LaneWatch {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #lanes: string;
  readonly #newGroup: () => ConsumerGroup;
  readonly #onDue: (endpointIds: readonly EndpointId[]) => void;
  #group: ConsumerGroup | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** Offset of the next scan among the due lanes. */
  #offset = 0;
  #scans = 0;

  constructor(parts: {
    redis: Redis;
    clock: Clock;
    consumer: string;
    stream: string;
    group: string;
    /** The key of the sorted set of lanes. */
    lanes: string;
    onDue: (endpointIds: readonly EndpointId[]) => void;
  }) {
    this.#redis = parts.redis;
    this.#clock = parts.clock;
    this.#lanes = parts.lanes;
    this.#newGroup = () => new ConsumerGroup(parts);
    this.#onDue = parts.onDue;
  }

  start(): void {
    const group = this.#newGroup();
    this.#group = group;
    this.#running = this.#read(group);
    this.#schedule(group);
  }

  async stop(): Promise<void> {
    const group = this.#group;
    this.#group = undefined;
    clearTimeout(this.#timer);
    group?.close();
    await this.#running;
  }

  async #read(group: ConsumerGroup): Promise<void> {
    while (this.#group === group) {
      try {
        const entries = await group.read(MAX_ENTRIES, READ_WAIT_MS);
        const endpointIds = new Set(entries.flatMap(({ fields }) => endpointOf(fields)));
        if (endpointIds.size > 0 && this.#group === group) this.#onDue([...endpointIds]);
      } catch {
        // The scan once a second finds missed entries; other code reports that Redis is unavailable.
        if (this.#group === group) await new Promise((resolve) => setTimeout(resolve, ERROR_PAUSE_MS));
      }
    }
  }

  #schedule(group: ConsumerGroup): void {
    if (this.#group !== group) return;
    this.#timer = setTimeout(() => {
      void this.#scan(group)
        .catch(() => {})
        .finally(() => this.#schedule(group));
    }, SCAN_PAUSE_MS).unref();
  }

  /**
   * Reads due lanes, a bounded number; the next scan continues after them. Pages by rank, because thousands may be due
   * with the same score 0. A lane that is skipped because others were removed is found by the next round.
   */
  async #scan(group: ConsumerGroup): Promise<void> {
    if (this.#scans++ % SCANS_PER_CLEANUP === 0) await group.removeIdleConsumers();
    const now = String(this.#clock.now());
    const page = ['LIMIT', String(this.#offset), String(MAX_LANES)];
    const lanes = await this.#redis.command('ZRANGEBYSCORE', this.#lanes, '-inf', now, ...page);
    const endpointIds = Array.isArray(lanes) ? lanes.map((endpointId) => String(endpointId) as EndpointId) : [];
    this.#offset = endpointIds.length < MAX_LANES ? 0 : this.#offset + MAX_LANES;
    if (endpointIds.length > 0 && this.#group === group) this.#onDue(endpointIds);
  }
}

function endpointOf(fields: readonly Buffer[]): EndpointId[] {
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (String(fields[at]) === 'endpoint') return [String(fields[at + 1]) as EndpointId];
  }
  return [];
}
