import type { Milliseconds } from '../../core/time.ts';

/** The loops that must move while they have work (`ProgressWatch`). */
export const STALLABLE = ['deliveries', 'recording'] as const;

/** For how long each has had work and done nothing; 0 = it moves, or this process does not have it. */
export type StalledTimes = Readonly<Record<(typeof STALLABLE)[number], Milliseconds>>;

/** @returns a sentence for an operator; null while everything moves */
export function stallReason({ deliveries, recording }: StalledTimes): string | null {
  const seconds = (ms: Milliseconds) => `${Math.floor(ms / 1_000)} s`;
  if (deliveries > 0)
    return `Deliveries are due, there is room to send them, and none was claimed for ${seconds(deliveries)}`;
  if (recording > 0) return `Accepted events are being recorded, and none was finished for ${seconds(recording)}`;
  return null;
}
