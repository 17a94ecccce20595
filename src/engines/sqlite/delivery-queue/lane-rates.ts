import type { EndpointId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';

/** The burst, as a part of one second's claims. */
const BURST_SECONDS = 0.1;
const MAX_IDLE_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  atMs: Milliseconds;
}

/** Bounds each lane's claims per second. One process claims, so the buckets are in its memory. */
export class LaneRates {
  readonly #clock: Clock;
  readonly #buckets = new Map<EndpointId, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many deliveries may be claimed now. */
  available(endpointId: EndpointId, perSecond: number): number {
    return Math.floor(this.#filled(endpointId, perSecond).tokens + 1e-9);
  }

  spend(endpointId: EndpointId, claimed: number): void {
    const bucket = this.#buckets.get(endpointId);
    if (bucket !== undefined) bucket.tokens -= claimed;
  }

  /** How long until the next claim is allowed. */
  waitMs(endpointId: EndpointId, perSecond: number): Milliseconds {
    return Math.ceil((Math.max(0, 1 - this.#filled(endpointId, perSecond).tokens) * 1_000) / perSecond);
  }

  #filled(endpointId: EndpointId, perSecond: number): Bucket {
    const now = this.#clock.monotonicMs();
    const size = Math.max(1, perSecond * BURST_SECONDS);
    const known = this.#buckets.get(endpointId);
    const tokens = known === undefined ? size : Math.min(size, known.tokens + ((now - known.atMs) * perSecond) / 1_000);
    const bucket = { tokens, atMs: now };
    // Moved to the end: the first buckets have been idle longest, and are full.
    this.#buckets.delete(endpointId);
    this.#buckets.set(endpointId, bucket);
    if (this.#buckets.size > MAX_IDLE_BUCKETS) this.#forgetFirst();
    return bucket;
  }

  #forgetFirst(): void {
    for (const id of this.#buckets.keys()) {
      this.#buckets.delete(id);
      return;
    }
  }
}
