import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AttemptError, AttemptOutcome } from '../../src/core/delivery/delivery.ts';
import type { Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { Lane } from '../../src/pipeline/delivering/lanes/lane.ts';

const outcome = (error: AttemptError | null): AttemptOutcome => ({
  statusCode: error === null ? 200 : error === 'status' ? 500 : null,
  error,
  durationMs: 1,
  errorDetail: null,
  responseExcerpt: null,
  retryAfterMs: null,
});

function openLane(status: Endpoint['status'] = 'active'): Lane {
  const lane = new Lane('endpoint' as EndpointId);
  // Only what a lane looks at.
  lane.endpoint = { status, maxConcurrency: 5 } as Endpoint;
  return lane;
}

function fail(lane: Lane, times: number, nowMs: number, error: AttemptError = 'status'): void {
  for (let i = 0; i < times; i++) lane.recordOutcome(outcome(error), nowMs);
}

describe('a lane', () => {
  test('starts as many attempts as its endpoint allows, and none while that is unknown, paused or disabled', () => {
    const lane = openLane();
    lane.inFlight = 2;
    assert.equal(lane.capacity(0), 3);
    assert.equal(new Lane('unknown' as EndpointId).capacity(0), 0);
    assert.equal(openLane('paused').capacity(0), 0);
    assert.equal(openLane('disabled').capacity(0), 0);
  });

  test('is degraded after two timeouts, or after one if it never answered: one attempt at a time until one succeeds', () => {
    const unknown = openLane();
    fail(unknown, 1, 0, 'timeout');
    assert.equal(unknown.degraded, true);
    const lane = openLane();
    fail(lane, 1, 0, 'status');
    fail(lane, 1, 0, 'timeout');
    assert.equal(lane.degraded, false);
    fail(lane, 1, 0, 'timeout');
    assert.equal(lane.degraded, true);
    assert.equal(lane.capacity(0), 1);
    lane.recordOutcome(outcome(null), 0);
    assert.equal(lane.capacity(0), 5);
  });

  test('opens its breaker after ten failures in a row, twice as long after each failed probe, then starts one attempt at a time', () => {
    const lane = openLane();
    fail(lane, 9, 0);
    assert.equal(lane.capacity(0), 5);
    fail(lane, 1, 0);
    assert.equal(lane.pauseMs(0), 1_000);
    assert.equal(lane.capacity(999), 0);
    assert.equal(lane.capacity(1_000), 1);
    fail(lane, 1, 1_000);
    assert.equal(lane.pauseMs(1_000), 2_000);
    let now = 3_000;
    for (let i = 0; i < 20; i++) {
      fail(lane, 1, now);
      assert.ok(lane.pauseMs(now) <= 30_000);
      now += lane.pauseMs(now);
    }
    lane.recordOutcome(outcome(null), now);
    assert.equal(lane.capacity(now), 5);
  });

  test('that many failed together opens its breaker once', () => {
    const lane = openLane();
    fail(lane, 30, 0);
    assert.equal(lane.pauseMs(0), 1_000);
  });

  test('learns nothing from faults of this machine, and forgets everything when its endpoint is changed', () => {
    const lane = openLane();
    fail(lane, 50, 0, 'local');
    assert.equal(lane.capacity(0), 5);
    fail(lane, 50, 0, 'timeout');
    assert.equal(lane.capacity(0), 0);
    lane.reset();
    assert.equal(lane.capacity(0), 5);
  });

  test('keeps its earliest alarm', async () => {
    const lane = openLane();
    const woken: string[] = [];
    lane.wakeAfter(20, 0, () => woken.push('early'));
    lane.wakeAfter(5_000, 0, () => woken.push('late'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(woken, ['early']);
    lane.wakeAfter(10, 0, () => woken.push('asleep'));
    lane.sleep();
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.deepEqual(woken, ['early']);
  });
});
