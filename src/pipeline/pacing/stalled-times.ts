import type { Milliseconds } from '../../core/time.ts';

/** The loops that must make progress while they have work (`ProgressWatch`). */
export const STALLABLE = ['deliveries', 'recording'] as const;

/** How long each loop has had work without progress, in ms; 0 = not stalled, or not run by this process. */
export type StalledTimes = Readonly<Record<(typeof STALLABLE)[number], Milliseconds>>;

/** @returns a sentence for an operator; null when no loop is stalled */
export function stallReason({ deliveries, recording }: StalledTimes): string | null {
  const seconds = (ms: Milliseconds) => `${Math.floor(ms / 1_000)} s`;
  if (deliveries > 0)
    return `Deliveries are due, there is room to send them, and none was claimed for ${seconds(deliveries)}`;
  if (recording > 0) return `Accepted events are being recorded, and none was finished for ${seconds(recording)}`;
  return null;
}
