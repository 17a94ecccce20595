/** Prometheus metrics. */

export type { MetricsPage, OpenMetrics } from './metrics.ts';
