import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Metrics } from '../ports/metrics.ts';

/** Seconds; the promises of the documents (10, 50, 100 ms) are among the bounds. */
const FAST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What `/metrics` answers, in the text format of Prometheus. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Counts in memory; what an engine knows better is asked when somebody looks. */
export function createMetrics(): { readonly metrics: Metrics; pageOf(engine: Engine): MetricsPage } {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'triggers_http_request_duration_seconds',
    help: 'How long requests took, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: FAST_BUCKETS,
    registers,
  });
  const events = new Counter({
    name: 'triggers_events_total',
    help: 'Events by what acceptance said: accepted, duplicate or backlog_full.',
    labelNames: ['outcome'],
    registers,
  });
  const persisted = new Histogram({
    name: 'triggers_event_persisted_seconds',
    help: 'From acceptance to the record. Target: P99 below 0.1 s.',
    buckets: FAST_BUCKETS,
    registers,
  });
  const attempts = new Histogram({
    name: 'triggers_attempt_duration_seconds',
    help: 'Attempts by their result: delivered, or the word of what went wrong (docs/GUIDES.md).',
    labelNames: ['result'],
    buckets: ATTEMPT_BUCKETS,
    registers,
  });
  const deliveries = new Counter({
    name: 'triggers_deliveries_total',
    help: 'Deliveries by how they ended.',
    labelNames: ['status'],
    registers,
  });
  return {
    metrics: {
      request: (route, method, status, tookMs) => requests.observe({ route, method, status }, tookMs / 1_000),
      events: (outcome, count) => events.inc({ outcome }, count),
      persisted: (tookMs) => persisted.observe(tookMs / 1_000),
      attempt: (result, tookMs) => attempts.observe({ result }, tookMs / 1_000),
      delivery: (status) => deliveries.inc({ status }),
    },
    pageOf: (engine) => {
      const gauges = new EngineGauges(registry, engine);
      return {
        contentType: registry.contentType,
        text: async () => {
          await gauges.look();
          return registry.metrics();
        },
      };
    },
  };
}

/** Looked at when somebody asks. A server that does not answer leaves its gauges out, and `triggers_up` at 0. */
class EngineGauges {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #up: Gauge;
  readonly #waiting: Gauge;
  readonly #oldest: Gauge;
  readonly #stream: Gauge;
  readonly #dead: Gauge;

  constructor(registry: Registry, engine: Engine) {
    this.#engine = engine;
    this.#clock = engine.clock;
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
    this.#up = gauge('triggers_up', '1 while the engine can do its work.');
    this.#waiting = gauge(
      'triggers_deliveries_waiting',
      'Deliveries that wait or are being sent; counting stops at 10,001.',
    );
    this.#oldest = gauge(
      'triggers_delivery_oldest_due_seconds',
      'For how long the longest waiting delivery has been due.',
    );
    this.#stream = gauge('triggers_events_waiting', 'Accepted events that are not recorded yet.');
    this.#dead = gauge(
      'triggers_events_dead',
      'Events that can not be recorded and were put aside: look with `triggers dead list`.',
    );
  }

  async look(): Promise<void> {
    const { queue, worker } = this.#engine;
    this.#up.set(this.#engine.health().status === 'failed' ? 0 : 1);
    try {
      const [{ waiting, oldestDueAt }, stream, dead] = await Promise.all([
        queue.depth(),
        worker?.eventStream.length() ?? 0,
        worker?.deadEvents.count() ?? 0,
      ]);
      this.#waiting.set(waiting);
      this.#oldest.set(oldestDueAt === null ? 0 : Math.max(0, (this.#clock.now() - oldestDueAt) / 1_000));
      this.#stream.set(stream);
      this.#dead.set(dead);
    } catch {
      this.#up.set(0);
      for (const gauge of [this.#waiting, this.#oldest, this.#stream, this.#dead]) gauge.reset();
    }
  }
}
