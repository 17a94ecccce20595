import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ATTEMPT_ERRORS, type AttemptError, type AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import type { RetryPolicy } from '../../src/core/delivery/endpoint.ts';
import { type Decision, decideAfterAttempt } from '../../src/core/delivery/retry.ts';
import { MAX_RETRY_AFTER_MS, RETRY_JITTER } from '../../src/core/limits.ts';
import { timestamp } from '../../src/core/time.ts';

const NOW = timestamp(1_700_000_000_000);
const POLICY: RetryPolicy = { maxAttempts: 5, schedule: [30_000, 60_000, 300_000, 900_000] };
/** The middle of the jitter: the schedule itself. */
const NO_JITTER = 0.5;

function outcome(changes: Partial<AttemptOutcome>): AttemptOutcome {
  return {
    statusCode: null,
    error: 'timeout',
    durationMs: 5,
    errorDetail: null,
    responseExcerpt: null,
    retryAfterMs: null,
    ...changes,
  };
}

function status(statusCode: number, retryAfterMs: number | null = null): AttemptOutcome {
  return outcome({ statusCode, error: statusCode >= 200 && statusCode < 300 ? null : 'status', retryAfterMs });
}

function decide(given: AttemptOutcome, failures = 1, random = NO_JITTER, policy = POLICY): Decision {
  return decideAfterAttempt({ outcome: given, failures, policy, now: NOW, random });
}

function retryIn(ms: number): Decision {
  return { kind: 'retry', at: timestamp(NOW + ms) };
}

const DECISIONS: readonly (readonly [name: string, given: AttemptOutcome, failures: number, expected: Decision])[] = [
  ['200', status(200), 0, { kind: 'delivered' }],
  ['204 after four failures', status(204), 4, { kind: 'delivered' }],
  ['the first failure', status(500), 1, retryIn(30_000)],
  ['the second', status(500), 2, retryIn(60_000)],
  ['the fourth', status(500), 4, retryIn(900_000)],
  ['the fifth of five', status(500), 5, { kind: 'failed' }],
  ['more failures than attempts (the policy was made shorter)', status(500), 9, { kind: 'failed' }],
  ['410 at first', status(410), 1, { kind: 'gone' }],
  ['410 at last', status(410), 5, { kind: 'gone' }],
  ['404', status(404), 1, retryIn(30_000)],
  ['301', status(301), 1, retryIn(30_000)],
  ['429 that asks for more than planned', status(429, 45_000), 1, retryIn(45_000)],
  ['503 that asks for more than planned', status(503, 45_000), 1, retryIn(45_000)],
  ['429 that asks for less', status(429, 1_000), 1, retryIn(30_000)],
  ['429 that asks for a year', status(429, 365 * 86_400_000), 1, retryIn(MAX_RETRY_AFTER_MS)],
  ['429 that asks for the largest number', status(429, Number.MAX_SAFE_INTEGER), 1, retryIn(MAX_RETRY_AFTER_MS)],
  ['500 with Retry-After', status(500, 45_000), 1, retryIn(30_000)],
  ['429 at the last attempt', status(429, 45_000), 5, { kind: 'failed' }],
  ['an address we may not go to', outcome({ error: 'address_not_allowed' }), 1, { kind: 'failed' }],
  ['our own fault', outcome({ error: 'local' }), 1, { kind: 'release', at: timestamp(NOW + 1_000) }],
  ['our own stop in the middle of it', outcome({ error: 'interrupted' }), 1, retryIn(0)],
  ['our own stop, however often', outcome({ error: 'interrupted' }), 9, retryIn(0)],
  [
    'our own fault at the last attempt',
    outcome({ error: 'local' }),
    9,
    { kind: 'release', at: timestamp(NOW + 1_000) },
  ],
];

describe('decideAfterAttempt', () => {
  for (const [name, given, failures, expected] of DECISIONS) {
    test(name, () => assert.deepEqual(decide(given, failures), expected));
  }

  test('every error of the list has its decision', () => {
    const others: Partial<Record<AttemptError, Decision['kind']>> = {
      local: 'release',
      address_not_allowed: 'failed',
    };
    for (const error of ATTEMPT_ERRORS) {
      assert.equal(decide(outcome({ error })).kind, others[error] ?? 'retry', error);
    }
  });

  test('the last pause of a schedule repeats; without one there is no pause', () => {
    const long: RetryPolicy = { maxAttempts: 20, schedule: [1_000, 2_000] };
    assert.deepEqual(decide(status(500), 2, NO_JITTER, long), retryIn(2_000));
    assert.deepEqual(decide(status(500), 19, NO_JITTER, long), retryIn(2_000));
    assert.deepEqual(decide(status(500), 1, NO_JITTER, { maxAttempts: 3, schedule: [] }), retryIn(0));
  });

  const failures = fc.integer({ min: 1, max: 20 });
  const policy = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 20 }),
    schedule: fc.array(fc.integer({ min: 0, max: 7 * 86_400_000 }), { minLength: 1, maxLength: 19 }),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const statusCode = fc.constantFrom(301, 400, 404, 429, 500, 503);
  const retryAfterMs = fc.option(fc.maxSafeNat());

  test('a retry is in the future, within the jitter of its pause, and a whole number', () => {
    fc.assert(
      fc.property(failures, policy, random, (count, given, chance) => {
        const decision = decide(status(500), count, chance, given);
        if (count >= given.maxAttempts) return assert.equal(decision.kind, 'failed');
        assert.ok(decision.kind === 'retry');
        const planned = given.schedule[Math.min(count, given.schedule.length) - 1] ?? Number.NaN;
        const pause = decision.at - NOW;
        assert.ok(Number.isSafeInteger(decision.at));
        assert.ok(
          pause >= planned * (1 - RETRY_JITTER) - 1 && pause <= planned * (1 + RETRY_JITTER) + 1,
          `${pause} of ${planned}`,
        );
      }),
    );
  });

  test('the jitter uses all of its room', () => {
    const pause = (chance: number): number => {
      const decision = decide(status(500), 1, chance);
      return decision.kind === 'retry' ? decision.at - NOW : Number.NaN;
    };
    assert.equal(pause(0), 27_000);
    assert.ok(pause(0.999_999) > 32_999);
  });

  test('a Retry-After of 429 or 503 is never shortened below an hour, nor obeyed beyond what is longer', () => {
    fc.assert(
      fc.property(failures, policy, random, statusCode, retryAfterMs, (count, given, chance, code, wish) => {
        const decision = decide(status(code, wish), count, chance, given);
        const plain = decide(status(code), count, chance, given);
        if (decision.kind !== 'retry' || plain.kind !== 'retry') return assert.deepEqual(decision, plain);
        const wished = code === 429 || code === 503 ? Math.min(wish ?? 0, MAX_RETRY_AFTER_MS) : 0;
        assert.equal(decision.at, Math.max(plain.at, NOW + wished));
      }),
    );
  });
});
