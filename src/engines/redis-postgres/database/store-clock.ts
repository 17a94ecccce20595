import { type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { number } from '../../rows/row.ts';
import type { Database } from './database.ts';

const MEASUREMENTS = 5;
const MEASURE_PAUSE_MS: Milliseconds = 30_000;
/** Smaller differences are caused by the network, not the clock; so are differences below a measurement's uncertainty. */
const TOLERANCE_MS: Milliseconds = 5;

interface Measurement {
  /** Added to the machine's monotonic time to get the store's time. */
  readonly offsetMs: Milliseconds;
  /** Maximum error of the measurement. */
  readonly uncertaintyMs: Milliseconds;
}

/**
 * PostgreSQL's time, continued by this machine between measurements: leases and due times mean the same on every
 * machine, whatever its own clock says.
 */
export class StoreClock implements Clock {
  readonly #base: Clock;
  readonly #database: Database;
  readonly #timer: NodeJS.Timeout;
  /** Added to the machine's monotonic time to get the store's time. */
  #offsetMs: Milliseconds;
  /** The offset for durations, which never changes, so that they never jump. */
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

  /** Nearly equal on all machines of one store: for values that machines compare and that must not jump. */
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
      // The last offset stays until the server can be asked again.
    }
  }
}

/** Measures a few times; the shortest round trip counts (Cristian's algorithm). */
async function measure(base: Clock, database: Database): Promise<Measurement> {
  let best: Measurement = { offsetMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY };
  for (let n = 0; n < MEASUREMENTS; n++) {
    const askedAt = base.monotonicMs();
    const [row] = await database.query('server-time', [], { idempotent: true });
    const uncertaintyMs = (base.monotonicMs() - askedAt) / 2;
    if (uncertaintyMs >= best.uncertaintyMs) continue;
    best = { offsetMs: number(row ?? {}, 'now') - (askedAt + uncertaintyMs), uncertaintyMs };
  }
  return best;
}
