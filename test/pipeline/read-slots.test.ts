import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from '../../src/app/clock.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { MAX_READS, MAX_READS_OF_ORGANIZATION, MAX_WAITING_READS } from '../../src/core/limits.ts';
import { ReadSlots } from '../../src/pipeline/pacing/read-slots.ts';

const [ONE, TWO] = ['one', 'two'] as [OrganizationId, OrganizationId];

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

test('an organization has some slots and no more; another one has its own', async () => {
  const reads = new ReadSlots(new SystemClock());
  const end = gate();
  let started = 0;
  const read = () => {
    started++;
    return end.promise;
  };
  const running = Array.from({ length: MAX_READS_OF_ORGANIZATION + 2 }, () => reads.run(ONE, read));
  assert.equal(started, MAX_READS_OF_ORGANIZATION);
  const other = reads.run(TWO, read);
  assert.equal(started, MAX_READS_OF_ORGANIZATION + 1);
  end.open();
  await Promise.all([...running, other]);
  assert.equal(started, MAX_READS_OF_ORGANIZATION + 3);
});

test('slots over all are bounded, and the next goes to the organization that waited longest', async () => {
  const reads = new ReadSlots(new SystemClock());
  const gates: (() => void)[] = [];
  const started: string[] = [];
  const read = (name: string) => () => {
    started.push(name);
    const { promise, open } = gate();
    gates.push(open);
    return promise;
  };
  const all: Promise<unknown>[] = [];
  const organizations = Array.from(
    { length: MAX_READS / MAX_READS_OF_ORGANIZATION + 1 },
    (_, n) => `o${n}` as OrganizationId,
  );
  for (const id of organizations) {
    for (let n = 0; n < MAX_READS_OF_ORGANIZATION * 2; n++) all.push(reads.run(id, read(id)));
  }
  assert.equal(started.length, MAX_READS);
  assert.ok(!started.includes(organizations.at(-1) ?? ''));
  // One of the first ends: it waits behind its own, and the last organization has its turn at the latest after each other one.
  for (let n = 0; n < organizations.length; n++) {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(started.includes(organizations.at(-1) ?? ''));
  while (gates.length > 0) {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
});

test('an organization with too many waiting reads gets `full`, and a failed read releases its slot', async () => {
  const reads = new ReadSlots(new SystemClock());
  const end = gate();
  const all = Array.from({ length: MAX_READS_OF_ORGANIZATION + MAX_WAITING_READS }, () =>
    reads.run(ONE, () => end.promise),
  );
  assert.equal(await reads.run(ONE, () => Promise.resolve()), 'full');
  end.open();
  await Promise.all(all);
  for (let n = 0; n < 2 * MAX_READS; n++) await assert.rejects(reads.run(ONE, () => Promise.reject(new Error('no'))));
  assert.equal(await reads.run(ONE, () => Promise.resolve('read')), 'read');
});

test('long pieces have a slice of the event loop each, and organizations take turns', async () => {
  const reads = new ReadSlots(new SystemClock());
  const order: string[] = [];
  let turns = 0;
  let counting = true;
  const countTurns = () => {
    turns++;
    if (counting) setImmediate(countTurns);
  };
  setImmediate(countTurns);
  const slow = (name: string) => {
    order.push(name);
    const until = performance.now() + 4;
    while (performance.now() < until);
    return Promise.resolve();
  };
  await Promise.all([
    ...Array.from({ length: 10 }, () => reads.piece(ONE, () => slow('one'))),
    ...Array.from({ length: 3 }, () => reads.piece(TWO, () => slow('two'))),
  ]);
  counting = false;
  assert.deepEqual(order.slice(0, 7), ['one', 'two', 'one', 'two', 'one', 'two', 'one']);
  assert.ok(turns >= 12, `${turns} turns of the loop for 13 pieces`);
  await assert.rejects(reads.piece(ONE, () => Promise.reject(new Error('no'))));
});
