import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeSlots } from '../../src/sender/connections/handshake-slots.ts';

test('four at once, two of one group, in turns between groups, each with a cooldown', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const slots = new HandshakeSlots();
  const started: string[] = [];
  const acquire = (group: string) => slots.acquire(group, () => started.push(group));
  const ends = Array.from({ length: 6 }, () => acquire('a'));
  assert.deepEqual(started, ['a', 'a']);
  for (const group of ['b', 'c', 'd', 'b', 'c']) ends.push(acquire(group));
  assert.deepEqual(started.slice(2), ['b', 'c']);
  assert.deepEqual(slots.size, { used: 4, waiting: 7 });
  ends[0]?.();
  ends[0]?.();
  assert.deepEqual(started.slice(4), [], 'it rests first');
  context.mock.timers.tick(100);
  assert.deepEqual(started.slice(4), ['a'], 'a slot is given back once');
  ends[1]?.();
  context.mock.timers.tick(100);
  assert.deepEqual(started.slice(5), ['d'], 'the turn of another');
  // Given up while it waits.
  ends[5]?.();
  assert.equal(slots.size.waiting, 4);
  // Peers that never answer keep their slots for a second.
  for (let n = 0; n < 100; n++) context.mock.timers.tick(100);
  assert.deepEqual(slots.size, { used: 0, waiting: 0 });
  assert.equal(started.length, 10);
  for (const end of ends) end();
  assert.deepEqual(slots.size, { used: 0, waiting: 0 });
});
