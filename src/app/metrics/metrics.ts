import { Counter, collectDefaultMetrics, Registry } from '@prometheus-io/client';
import type { Engine } from '../../ports/engine.ts';
import { FAULT_PARTS, type Metrics } from '../../ports/observability/metrics.ts';
import { Children } from './children.ts';
import { EngineGauges, type Progress } from './engine-gauges.ts';
import { HistogramFamily } from './fixed-histogram.ts';
import { observeLoopDelay } from './loop-delay.ts';

/** Bounds in seconds. They include the targets of the documents (10, 50, 100 ms). */
const FAST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SIZE_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** The page `/metrics` in the text format of Prometheus. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface OpenMetrics {
  readonly metrics: Metrics;
  pageOf(engine: Engine, progress: Progress): MetricsPage;
}

/** Replaces the library's monitor of the loop (`loop-delay.ts`), which cannot be turned off. */
const NEVER_MS = 2 ** 31 - 1;
const LIBRARY_LAG = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map(
  (kind) => `nodejs_eventloop_lag${kind}_seconds`,
);

/** Counts in memory. Values of the engine are read at each scrape. */
export function createMetrics(): OpenMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const name of LIBRARY_LAG) registry.removeSingleMetric(name);
  const families: HistogramFamily[] = [];
  const histogram = (name: string, help: string, buckets: readonly number[] = FAST_BUCKETS) => {
    const family = new HistogramFamily(name, help, buckets);
    families.push(family);
    return family;
  };
  const counter = <Label extends string>(name: string, help: string, label: Label) =>
    new Counter({ name, help, labelNames: [label], registers });

  const requests = histogram(
    'triggers_http_request_duration_seconds',
    'Duration of requests by route, method and status.',
  );
  const events = counter(
    'triggers_events_total',
    'Events by outcome: accepted, duplicate, rejected or backlog_full.',
    'outcome',
  );
  const accept = histogram(
    'triggers_event_accept_seconds',
    'Time to store an event durably, which a 202 waits for.',
  ).with();
  const persisted = histogram(
    'triggers_event_persisted_seconds',
    'Time from acceptance to the record. Target: P99 below 0.1 s.',
  ).with();
  const attempts = histogram(
    'triggers_attempt_duration_seconds',
    'Duration of attempts by result: delivered, or the error word (docs/GUIDES.md).',
    ATTEMPT_BUCKETS,
  );
  const deliveries = counter(
    'triggers_deliveries_total',
    'Deliveries by status after an attempt: delivered, failed (dead letters), skipped, or retrying.',
    'status',
  );
  const quarantined = new Counter({
    name: 'triggers_inbox_quarantined_total',
    help: 'Inbox messages that were quarantined after their last lease without an acknowledgement.',
    registers,
  });
  const faults = counter(
    'triggers_faults_total',
    'Unexpected errors. Each affects only one lane, job or event, which its log line names.',
    'part',
  );
  const groups = histogram(
    'triggers_group_size',
    'Operations that shared one step: writes of a commit, events of a call to Redis, events of a batch in PostgreSQL.',
    SIZE_BUCKETS,
  );
  const stores = histogram(
    'triggers_store_duration_seconds',
    'Duration of calls to redis and postgres, and of disk syncs of the embedded engine.',
  );

  const loopDelay = histogram(
    'triggers_event_loop_delay_seconds',
    'Delay of timers, sampled ten times a second. Above 0.2: more work than one core can do.',
  ).with();
  observeLoopDelay((lateMs) => loopDelay.observe(lateMs / 1_000));

  const requestOf = new Children(
    (route: string) =>
      new Children(
        (method: string) => new Children((status: number) => requests.with({ route, method, status: String(status) })),
      ),
  );
  const eventsOf = new Children((outcome: string) => events.labels({ outcome }));
  const attemptOf = new Children((result: string) => attempts.with({ result }));
  const deliveriesOf = new Children((status: string) => deliveries.labels({ status }));
  const faultsOf = new Children((part: string) => faults.labels({ part }));
  // The series exists with 0 from the start, so that an alert on its increase sees the first one.
  for (const part of FAULT_PARTS) faultsOf.get(part).inc(0);
  const groupOf = new Children((step: string) => groups.with({ step }));
  const storeOf = new Children((store: string) => stores.with({ store }));
  return {
    metrics: {
      request: (route, method, status, tookMs) =>
        requestOf
          .get(route)
          .get(method)
          .get(status)
          .observe(tookMs / 1_000),
      events: (outcome, count) => eventsOf.get(outcome).inc(count),
      accept: (tookMs) => accept.observe(tookMs / 1_000),
      persisted: (tookMs) => persisted.observe(tookMs / 1_000),
      attempt: (result, tookMs) => attemptOf.get(result).observe(tookMs / 1_000),
      delivery: (status) => deliveriesOf.get(status).inc(),
      quarantined: (count) => quarantined.inc(count),
      group: (step, size) => groupOf.get(step).observe(size),
      fault: (part) => faultsOf.get(part).inc(),
      store: (store, tookMs) => storeOf.get(store).observe(tookMs / 1_000),
    },
    pageOf: (engine, progress) => {
      const gauges = new EngineGauges(registry, engine, progress);
      return {
        contentType: registry.contentType,
        text: async () => {
          await gauges.look();
          return families.map((family) => family.text()).join('') + (await registry.metrics());
        },
      };
    },
  };
}
