import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressWatch } from '../../src/pipeline/pacing/progress-watch.ts';
import { stallReason } from '../../src/pipeline/pacing/stalled-times.ts';

function watch() {
  const state = { nowMs: 0, hasWork: false };
  const clock = { monotonicMs: () => state.nowMs, now: () => 0 as never };
  const one = new ProgressWatch({ clock, hasWork: () => state.hasWork, stalledAfterMs: 1_000 });
  one.start();
  return { one, state };
}

test('work that does not move is stalled, and no longer when it moves', () => {
  const { one, state } = watch();
  state.hasWork = true;
  state.nowMs = 999;
  assert.equal(one.stalledMs(), 0);
  state.nowMs = 1_500;
  assert.equal(one.stalledMs(), 1_500);
  one.moved();
  assert.equal(one.stalledMs(), 0);
  one.stop();
});

test('nothing to do is no stall, however long it lasts', () => {
  const { one, state } = watch();
  state.nowMs = 60_000;
  assert.equal(one.stalledMs(), 0);
  state.hasWork = true;
  state.nowMs = 60_500;
  assert.equal(one.stalledMs(), 0, 'counted from when there was work');
  one.stop();
  state.nowMs = 90_000;
  assert.equal(one.stalledMs(), 0, 'one that was stopped has nothing to do');
});

test('the stall reason names the stalled loop and for how long', () => {
  assert.equal(stallReason({ deliveries: 0, recording: 0 }), null);
  assert.match(stallReason({ deliveries: 42_500, recording: 0 }) ?? '', /^Deliveries .* 42 s$/);
  assert.match(stallReason({ deliveries: 0, recording: 31_000 }) ?? '', /^Accepted events .* 31 s$/);
});
