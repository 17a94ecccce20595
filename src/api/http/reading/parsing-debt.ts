import type { Milliseconds } from '../../../core/time.ts';

/** Allowance for the parser and the listeners of one request until they first wait. 0.1 ms is usual. */
const OF_A_REQUEST_MS: Milliseconds = 0.3;
/** Share of the event loop that one connection may use for parsing without waiting for a turn. */
const FREE_SHARE = 0.2;
/** A connection with this debt waits for a turn. */
const MAX_DEBT_MS: Milliseconds = 1;

/**
 * The time of the event loop that parsing one connection has used beyond its share. Plain bytes cost 1 ms for 10 MB, chunks of
 * one byte 1 ms for 4 KB. The debt decreases over time.
 */
export class ParsingDebt {
  #debtMs: Milliseconds = 0;
  #changedAt: Milliseconds;

  /** @param now monotonic, as in all methods here */
  constructor(now: Milliseconds) {
    this.#changedAt = now;
  }

  get isTooHigh(): boolean {
    return this.#debtMs >= MAX_DEBT_MS;
  }

  /** @param requests number of requests that began in these bytes */
  add(args: { startedAt: Milliseconds; now: Milliseconds; requests: number }): void {
    const paidBack = (args.startedAt - this.#changedAt) * FREE_SHARE;
    const cost = args.now - args.startedAt - args.requests * OF_A_REQUEST_MS;
    this.#debtMs = Math.max(0, Math.max(0, this.#debtMs - paidBack) + cost);
    this.#changedAt = args.now;
  }

  /** The connection had its turn, so its debt is paid. */
  clear(now: Milliseconds): void {
    this.#debtMs = 0;
    this.#changedAt = now;
  }
}
