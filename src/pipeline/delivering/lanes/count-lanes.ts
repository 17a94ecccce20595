import type { Milliseconds } from '../../../core/time.ts';
import type { LaneCounts } from '../../../ports/observability/metrics.ts';
import type { Lane } from './lane.ts';

/** Counts lanes by state. Scans all lanes: for health pages and metrics only. */
export function countLanes(lanes: Iterable<Lane>, monotonicNowMs: Milliseconds): LaneCounts {
  let [sending, waiting, resting, suspect] = [0, 0, 0, 0];
  for (const lane of lanes) {
    if (lane.inFlight > 0) sending++;
    if (lane.due) waiting++;
    if (lane.pauseMs(monotonicNowMs) > 0) resting++;
    if (lane.degraded) suspect++;
  }
  return { sending, waiting, resting, suspect };
}
