import type { EventId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/time.ts';
import type { Log } from '../../ports/observability/log.ts';

/** The time from acceptance to persistence that SEED.md promises. */
const PERSIST_TARGET_MS: Milliseconds = 100;
const TARGET = `(target: < ${PERSIST_TARGET_MS}ms)`;

/** Writes the log line that SEED.md defines for each persisted event. */
export function logPersisted(log: Log, id: EventId, tookMs: Milliseconds): void {
  if (tookMs > PERSIST_TARGET_MS) {
    log.sampled('event.slow', 'warn', () => `SLOW event processing: ${id} took ${tookMs.toFixed(2)}ms ${TARGET}`);
  } else {
    log.sampled('event', 'info', () => `Event ${id} persisted in ${tookMs.toFixed(2)}ms ${TARGET}`);
  }
}
