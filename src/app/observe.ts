import type { Log } from '../ports/observability/log.ts';
import { NO_METRICS } from '../ports/observability/metrics.ts';
import { NO_TRACER, type Tracer } from '../ports/observability/tracer.ts';
import type { MetricsPage, OpenMetrics } from './metrics/index.ts';
import type { Role, Settings } from './settings/index.ts';

export interface Observed extends Pick<OpenMetrics, 'metrics'> {
  readonly tracer: Tracer;
  readonly pageOf: (...args: Parameters<OpenMetrics['pageOf']>) => MetricsPage | null;
}

/** Opens metrics and traces. Each module is loaded only if it is on: metrics take some megabytes. */
export async function observe(role: Role, settings: Settings, log: Log): Promise<Observed> {
  return { ...(await openMetrics(settings)), tracer: await openTracer(role, settings, log) };
}

async function openMetrics({ prometheusEnabled }: Settings): Promise<Omit<Observed, 'tracer'>> {
  if (!prometheusEnabled) return { metrics: NO_METRICS, pageOf: () => null };
  const { createMetrics } = await import('./metrics/metrics.ts');
  return createMetrics();
}

async function openTracer(role: Role, settings: Settings, log: Log): Promise<Tracer> {
  const { otelEndpoint: endpoint, otelHeaders: headers, otelServiceName: serviceName, otelRatio: ratio } = settings;
  if (endpoint === null) return NO_TRACER;
  const { OtlpTracer } = await import('./tracing/otlp-tracer.ts');
  const { SpanExport } = await import('./tracing/span-export.ts');
  return new OtlpTracer(new SpanExport({ endpoint, headers, serviceName, role, log }), ratio);
}
