import { Gauge, type Registry } from '@prometheus-io/client';
import type { StalledTimes } from '../../pipeline/pacing/index.ts';
import type { Engine } from '../../ports/engine.ts';
import type { LaneCounts } from '../../ports/observability/metrics.ts';

/** Gauges that this process itself provides. */
export interface Progress {
  /** Null if this process does not deliver. */
  readonly lanes: (() => LaneCounts) | null;
  readonly stalled: () => StalledTimes;
}

/**
 * Gauges of the engine, read at each scrape with a fixed number of queries. If a server does not answer, its gauges are omitted
 * and `triggers_up` is 0.
 */
export class EngineGauges {
  readonly #engine: Engine;
  readonly #progress: Progress;
  readonly #up: Gauge;
  readonly #waiting: Gauge;
  readonly #retriesDue: Gauge;
  readonly #oldest: Gauge;
  readonly #stream: Gauge;
  readonly #dead: Gauge;
  readonly #laneStates: Gauge<'state'>;
  readonly #stalled: Gauge<'part'>;

  constructor(registry: Registry, engine: Engine, progress: Progress) {
    this.#engine = engine;
    this.#progress = progress;
    const registers = [registry];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    this.#up = gauge('triggers_up', '1 if the engine can do its work.');
    this.#waiting = gauge(
      'triggers_deliveries_waiting',
      'Deliveries that wait or are in progress; counting stops at 10,001.',
    );
    this.#retriesDue = gauge(
      'triggers_retries_due',
      'Retries and scheduled events that are due and not claimed yet; counting stops at 10,001.',
    );
    this.#oldest = gauge('triggers_delivery_oldest_due_seconds', 'How long the oldest due delivery has been waiting.');
    this.#stream = gauge('triggers_events_waiting', 'Accepted events that are not recorded yet.');
    this.#dead = gauge(
      'triggers_events_dead',
      'Dead letters: events that cannot be recorded. See `triggers dead list`.',
    );
    this.#laneStates = new Gauge({
      name: 'triggers_lanes',
      help: 'Endpoints of this deliverer by state: sending, waiting for free slots, resting (circuit breaker open), suspect (degraded: it hung).',
      labelNames: ['state'],
      registers,
    });
    this.#stalled = new Gauge({
      name: 'triggers_stalled_seconds',
      help: 'How long a part of this process has had work without progress; 0 = it makes progress. Above 0 the process is not ready.',
      labelNames: ['part'],
      registers,
    });
  }

  async look(): Promise<void> {
    const { queue, worker, clock } = this.#engine;
    this.#up.set(this.#engine.health().status === 'failed' ? 0 : 1);
    for (const [state, count] of Object.entries(this.#progress.lanes?.() ?? {})) this.#laneStates.set({ state }, count);
    for (const [part, ms] of Object.entries(this.#progress.stalled())) this.#stalled.set({ part }, ms / 1_000);
    try {
      const [{ waiting, retriesDue, oldestDueAt }, stream, dead] = await Promise.all([
        queue.depth(),
        worker?.eventStream.length() ?? 0,
        worker?.deadLetters.count() ?? 0,
      ]);
      this.#waiting.set(waiting);
      this.#retriesDue.set(retriesDue);
      this.#oldest.set(oldestDueAt === null ? 0 : Math.max(0, (clock.now() - oldestDueAt) / 1_000));
      this.#stream.set(stream);
      this.#dead.set(dead);
    } catch {
      this.#up.set(0);
      for (const gauge of [this.#waiting, this.#retriesDue, this.#oldest, this.#stream, this.#dead]) gauge.reset();
    }
  }
}
