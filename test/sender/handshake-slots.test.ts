import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandshakeSlots } from '../../src/sender/handshake-slots.ts';

test('eight at once, two of one group, in turns between groups', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const slots = new HandshakeSlots();
  const started: string[] = [];
  const acquire = (group: string) => slots.acquire(group, () => started.push(group));
  const ends = Array.from({ length: 10 }, () => acquire('a'));
  assert.deepEqual(started, ['a', 'a']);
  for (const group of ['b', 'c', 'd', 'e', 'b', 'c', 'd', 'e']) ends.push(acquire(group));
  assert.deepEqual(started.slice(2), ['b', 'c', 'd', 'e', 'b', 'c']);
  assert.deepEqual(slots.size, { used: 8, waiting: 10 });
  ends[0]?.();
  ends[0]?.();
  assert.deepEqual(started.slice(8), ['a'], 'a slot is given back once');
  ends[1]?.();
  assert.deepEqual(started.slice(9), ['d'], 'the turn of another');
  // Given up while it waits.
  ends[9]?.();
  assert.equal(slots.size.waiting, 7);
  // Peers that never answer keep their slots for a second.
  for (let second = 0; second < 10; second++) context.mock.timers.tick(1_000);
  assert.deepEqual(slots.size, { used: 0, waiting: 0 });
  assert.equal(started.length, 17);
  for (const end of ends) end();
  assert.deepEqual(slots.size, { used: 0, waiting: 0 });
});
