import { MAX_RETRY_AFTER_MS, RETRY_JITTER } from '../limits.ts';
import { addMs, type Milliseconds, type Timestamp } from '../time.ts';
import type { AttemptOutcome } from './delivery.ts';
import type { RetryPolicy } from './endpoint.ts';

export type Decision =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly at: Timestamp }
  | { readonly kind: 'failed' }
  /** 410 Gone: the receiver wants no further deliveries. */
  | { readonly kind: 'gone' }
  /** A fault of this machine (no descriptors, shutdown): no attempt was made; the delivery is due again at `at`. */
  | { readonly kind: 'release'; readonly at: Timestamp };

/** Delay after a fault of this machine. */
const LOCAL_FAULT_DELAY_MS = 1_000;

/**
 * Decides what happens to a delivery after an attempt.
 * @param failures failed attempts so far, including this one if it failed; interrupted attempts do not count
 * @param random in [0, 1), for a jitter of ± 10 %
 */
export function decideAfterAttempt(args: {
  outcome: AttemptOutcome;
  failures: number;
  policy: RetryPolicy;
  now: Timestamp;
  /** No attempt is scheduled later than this; null = no deadline. */
  deadline?: Timestamp | null;
  random: number;
}): Decision {
  const { outcome, failures, policy, now, deadline = null, random } = args;
  if (outcome.error === null) return { kind: 'delivered' };
  if (outcome.error === 'local') return { kind: 'release', at: addMs(now, LOCAL_FAULT_DELAY_MS) };
  // Interrupted by this process's stop: not a failure, so the retry policy does not end the delivery.
  if (outcome.error === 'interrupted') return { kind: 'retry', at: now };
  if (outcome.statusCode === 410) return { kind: 'gone' };
  if (outcome.error === 'address_not_allowed') return { kind: 'failed' };
  if (failures >= policy.maxAttempts) return { kind: 'failed' };
  const at = addMs(now, retryPause(outcome, failures, policy, random));
  return deadline !== null && at > deadline ? { kind: 'failed' } : { kind: 'retry', at };
}

/** The schedule's delay with jitter, or the receiver's `Retry-After` (429 and 503 only) if that is longer. */
function retryPause(outcome: AttemptOutcome, failures: number, policy: RetryPolicy, random: number): Milliseconds {
  const { schedule } = policy;
  const scheduled = schedule[Math.min(failures, schedule.length) - 1] ?? 0;
  const jittered = scheduled * (1 + RETRY_JITTER * (2 * random - 1));
  const mayAskToWait = outcome.statusCode === 429 || outcome.statusCode === 503;
  const requested = mayAskToWait ? Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
  return Math.round(Math.max(jittered, requested));
}
