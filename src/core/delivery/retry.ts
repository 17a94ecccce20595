import { MAX_RETRY_AFTER_MS, RETRY_JITTER } from '../limits.ts';
import { addMs, type Milliseconds, type Timestamp } from '../time.ts';
import type { AttemptOutcome } from './delivery.ts';
import type { RetryPolicy } from './endpoint.ts';

export type Decision =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly at: Timestamp }
  | { readonly kind: 'failed' }
  /** 410: the receiver wants nothing more, ever. */
  | { readonly kind: 'gone' }
  /** Our own fault (no descriptors, shutdown): no attempt was made, look at it again then. */
  | { readonly kind: 'release'; readonly at: Timestamp };

/** How long a delivery rests after a fault of this machine's own. */
const LOCAL_FAULT_DELAY_MS = 1_000;

/**
 * What becomes of a delivery after an attempt.
 * @param failures attempts that failed so far, this one included when it did; attempts cut off by a crash or a stop of ours
 *   don't count
 * @param random in [0, 1), for the jitter of ± 10 %
 */
export function decideAfterAttempt(args: {
  outcome: AttemptOutcome;
  failures: number;
  policy: RetryPolicy;
  now: Timestamp;
  /** No attempt later than this; null = no such time. */
  deadline?: Timestamp | null;
  random: number;
}): Decision {
  const { outcome, failures, policy, now, deadline = null, random } = args;
  if (outcome.error === null) return { kind: 'delivered' };
  if (outcome.error === 'local') return { kind: 'release', at: addMs(now, LOCAL_FAULT_DELAY_MS) };
  // Cut off by our own stop: it has its number and counts as no failure, so no bound of the policy ends the delivery.
  if (outcome.error === 'interrupted') return { kind: 'retry', at: now };
  if (outcome.statusCode === 410) return { kind: 'gone' };
  if (outcome.error === 'address_not_allowed') return { kind: 'failed' };
  if (failures >= policy.maxAttempts) return { kind: 'failed' };
  const at = addMs(now, retryPause(outcome, failures, policy, random));
  return deadline !== null && at > deadline ? { kind: 'failed' } : { kind: 'retry', at };
}

/** The schedule's pause with jitter, or the receiver's own wish (429 and 503 only) where that is longer. */
function retryPause(outcome: AttemptOutcome, failures: number, policy: RetryPolicy, random: number): Milliseconds {
  const { schedule } = policy;
  const planned = schedule[Math.min(failures, schedule.length) - 1] ?? 0;
  const jittered = planned * (1 + RETRY_JITTER * (2 * random - 1));
  const asksToWait = outcome.statusCode === 429 || outcome.statusCode === 503;
  const wished = asksToWait ? Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
  return Math.round(Math.max(jittered, wished));
}
