import { addMs, type Milliseconds, type Timestamp, timestamp } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Database } from './database.ts';
import { number } from './row.ts';

const LOOKS = 5;
const LOOK_PAUSE_MS: Milliseconds = 30_000;
/** Less than this is the network, not the clock. */
const TOLERANCE_MS: Milliseconds = 5;

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
    this.#timer = setInterval(() => void this.#look(), LOOK_PAUSE_MS).unref();
  }

  static async start(base: Clock, database: Database): Promise<StoreClock> {
    return new StoreClock(base, database, await measure(base, database));
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

  async #look(): Promise<void> {
    try {
      const offsetMs = await measure(this.#base, this.#database);
      if (Math.abs(offsetMs - this.#offsetMs) > TOLERANCE_MS) this.#offsetMs = offsetMs;
    } catch {
      // The last one stands until the server can be asked again.
    }
  }
}

/** Of some looks the one with the shortest way counts (Cristian's algorithm). */
async function measure(base: Clock, database: Database): Promise<Milliseconds> {
  let best = { tookMs: Number.POSITIVE_INFINITY, offsetMs: 0 };
  for (let look = 0; look < LOOKS; look++) {
    const askedAt = base.monotonicMs();
    const [row] = await database.query('server-time', [], { idempotent: true });
    const tookMs = base.monotonicMs() - askedAt;
    const serverNow = addMs(number<Timestamp>(row ?? {}, 'now'), 0);
    if (tookMs < best.tookMs) best = { tookMs, offsetMs: serverNow - (askedAt + tookMs / 2) };
  }
  return best.offsetMs;
}
