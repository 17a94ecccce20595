import { randomFillSync } from 'node:crypto';
import { SILENT_LOG } from '../../src/app/logging/log.ts';
import { IdSource } from '../../src/core/ids.ts';
import type { Context } from '../../src/pipeline/context.ts';
import { NO_METRICS } from '../../src/ports/observability/metrics.ts';
import { NO_TRACER } from '../../src/ports/observability/tracer.ts';

/** The context of a stage under test: silent, unless the test gives another part. */
export function pipelineContext(parts: Pick<Context, 'clock' | 'bus'> & Partial<Context>): Context {
  const ids = new IdSource(() => parts.clock.now(), randomFillSync);
  return { log: SILENT_LOG, metrics: NO_METRICS, tracer: NO_TRACER, ids, ...parts };
}
