import type { Milliseconds } from '../../core/time.ts';
import type { EventStream, StreamEntry } from '../../ports/record/event-stream.ts';
import type { FanOut } from '../../ports/record/fan-out.ts';
import type { Context } from '../context.ts';
import { Backoff, ProgressWatch } from '../pacing/index.ts';
import { BatchRecorder, type RecorderPorts } from './batch-recorder.ts';

/** Entries per read: enough to amortize a round trip, few enough that 200 payloads of 256 KiB fit in memory. */
const MAX_BATCH = 200;
/** Payload bytes in progress over all batches. */
const MAX_BYTES = 32 * 1024 * 1024;
/**
 * Maximum number of concurrent batches that are not full. More batches run in parallel only when they are full;
 * otherwise entries wait and the next batch grows.
 */
const MAX_SMALL_BATCHES = 2;
const READ_WAIT_MS: Milliseconds = 2_000;
/** Pause between scans for entries whose worker died. */
const CLAIM_PAUSE_MS: Milliseconds = 5_000;

/**
 * Reads the stream of accepted events in batches and has each recorded (`BatchRecorder`). Up to `maxBatches` batches run
 * in parallel; the stream keeps the rest.
 *
 * Loops:
 *   read: wait for room → read up to 200 entries → start a batch → …     (room: batches in progress, bytes in progress)
 *   every 5 s: claim entries of workers that died → start a batch, while there is room and the record is available
 */
export class Persister {
  readonly #context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>;
  readonly #stream: EventStream;
  readonly #recorder: BatchRecorder;
  readonly #maxBatches: number;
  readonly #backoff: Backoff;
  readonly #progress: ProgressWatch;
  readonly #running = new Set<Promise<void>>();
  #loops: Promise<unknown> = Promise.resolve();
  #onRoom: (() => void) | undefined;
  #bytes = 0;
  #stopping = false;
  #claimTimer: NodeJS.Timeout | undefined;

  /** @param maxBatches the setting `MAX_CONCURRENT_EVENTS` */
  constructor(
    context: Pick<Context, 'clock' | 'log' | 'metrics' | 'tracer' | 'bus'>,
    ports: RecorderPorts,
    fanOut: FanOut,
    maxBatches: number,
  ) {
    this.#context = context;
    this.#stream = ports.eventStream;
    this.#maxBatches = maxBatches;
    this.#backoff = new Backoff();
    this.#recorder = new BatchRecorder(context, ports, fanOut, this.#backoff);
    this.#progress = new ProgressWatch({ clock: context.clock, hasWork: () => this.#running.size > 0 });
  }

  start(): void {
    this.#progress.start();
    this.#loops = this.#read();
    this.#scheduleClaim();
  }

  /**
   * Stops reading and finishes the running batches. Entries that cannot be recorded now stay in the stream for another
   * worker.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#recorder.stop();
    this.#progress.stop();
    clearTimeout(this.#claimTimer);
    this.#backoff.stop();
    this.#onRoom?.();
    await this.#loops;
    await Promise.all(this.#running);
  }

  /** How long batches have been running without one finishing, in ms; 0 = not stalled. */
  stalledMs(): Milliseconds {
    return this.#progress.stalledMs();
  }

  async #read(): Promise<void> {
    while (!this.#stopping) {
      try {
        const entries = await this.#stream.read(MAX_BATCH, READ_WAIT_MS);
        this.#backoff.reset();
        if (entries.length > 0) this.#startBatch(entries);
        await this.#waitForRoom(entries.length === MAX_BATCH);
      } catch (error) {
        if (this.#stopping) return;
        this.#context.log.warn('Events could not be read from the stream, retrying', {}, error);
        await this.#backoff.pause();
      }
    }
  }

  /** Resolves when the next batch may be read. */
  async #waitForRoom(wasFull: boolean): Promise<void> {
    const limit = wasFull ? this.#maxBatches : Math.min(MAX_SMALL_BATCHES, this.#maxBatches);
    while (!this.#stopping && (this.#running.size >= limit || this.#bytes > MAX_BYTES)) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  #scheduleClaim(): void {
    if (this.#stopping) return;
    this.#claimTimer = setTimeout(
      () => void this.#claim().finally(() => this.#scheduleClaim()),
      CLAIM_PAUSE_MS,
    ).unref();
  }

  #canClaim(): boolean {
    // A worker that is retrying its own batch does not claim more entries.
    const { failing } = this.#backoff;
    return !this.#stopping && !failing && this.#running.size < this.#maxBatches && this.#bytes <= MAX_BYTES;
  }

  async #claim(): Promise<void> {
    try {
      while (this.#canClaim()) {
        const entries = await this.#stream.claim(MAX_BATCH);
        if (entries.length === 0) return;
        this.#context.log.info(`Claimed ${entries.length} stream entries of a worker that stopped`);
        this.#startBatch(entries);
      }
    } catch (error) {
      this.#context.log.debug('Stream entries of other workers could not be claimed', { error: String(error) });
    }
  }

  #startBatch(entries: readonly StreamEntry[]): void {
    const bytes = entries.reduce((sum, { content }) => sum + ('event' in content ? content.event.data.length : 0), 0);
    this.#bytes += bytes;
    const running = this.#recorder
      .process(entries)
      .catch((error: unknown) => this.#recorder.reportFault('A batch of events could not be recorded', {}, error))
      .finally(() => {
        this.#bytes -= bytes;
        this.#running.delete(running);
        this.#progress.moved();
        this.#onRoom?.();
      });
    this.#running.add(running);
  }

  /** Records one batch. Resolves when it is done or the persister stops. For callers that read the stream themselves. */
  process(entries: readonly StreamEntry[]): Promise<void> {
    return this.#recorder.process(entries);
  }
}
