import { type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { number } from '../../rows/row.ts';
import type { Database } from './database.ts';

const MEASUREMENTS = 5;
const MEASURE_PAUSE_MS: Milliseconds = 30_000;
/** Less than this is the network, not the clock; and so is what a slow look can't tell. */
const TOLERANCE_MS: Milliseconds = 5;

interface Measurement {
  /** What to add to the machine's monotonic time. */
  readonly offsetMs: Milliseconds;
  /** It may be wrong by so much. */
  readonly uncertaintyMs: Milliseconds;
}

/**
 * PostgreSQL's time, kept by this machine between two looks: leases and due times mean the same on every machine,
 * whatever its own clock says.
 */
export class StoreClock implements Clock {
  readonly #base: Clock;
  readonly #database: Database;
  readonly #timer: NodeJS.Timeout;
  /** What to add to the machine's monotonic time. */
  #offsetMs: Milliseconds;
  /** The same for durations: never changes, so they never jump. */
  readonly #firstOffsetMs: Milliseconds;

  private constructor(base: Clock, database: Database, offsetMs: Milliseconds) {
    this.#base = base;
    this.#database = database;
    this.#offsetMs = offsetMs;
    this.#firstOffsetMs = offsetMs;
    this.#timer = setInterval(() => void this.#adjust(), MEASURE_PAUSE_MS).unref();
  }

  static async start(base: Clock, database: Database): Promise<StoreClock> {
    return new StoreClock(base, database, (await measure(base, database)).offsetMs);
  }

  now(): Timestamp {
    return timestamp(this.#base.monotonicMs() + this.#offsetMs);
  }

  /** Near the same on every machine of one store: what has to be compared between them, and must not jump, may use it. */
  monotonicMs(): Milliseconds {
    return this.#base.monotonicMs() + this.#firstOffsetMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #adjust(): Promise<void> {
    try {
      const { offsetMs, uncertaintyMs } = await measure(this.#base, this.#database);
      if (Math.abs(offsetMs - this.#offsetMs) > Math.max(TOLERANCE_MS, uncertaintyMs)) this.#offsetMs = offsetMs;
    } catch {
      // The last one stands until the server can be asked again.
    }
  }
}

/** Of some looks the one with the shortest way counts (Cristian's algorithm). */
async function measure(base: Clock, database: Database): Promise<Measurement> {
  let best: Measurement = { offsetMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY };
  for (let look = 0; look < MEASUREMENTS; look++) {
    const askedAt = base.monotonicMs();
    const [row] = await database.query('server-time', [], { idempotent: true });
    const uncertaintyMs = (base.monotonicMs() - askedAt) / 2;
    if (uncertaintyMs >= best.uncertaintyMs) continue;
    best = { offsetMs: number(row ?? {}, 'now') - (askedAt + uncertaintyMs), uncertaintyMs };
  }
  return best;
}
