import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Activity } from '../../src/core/events/activity.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { type EventId, IdSource, type OrganizationId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { MAX_MISSED_EVENTS, MAX_STREAM_QUEUE_CHARACTERS } from '../../src/core/limits.ts';
import { timestamp } from '../../src/core/time.ts';
import { Tail, type TailFilter, type TailMessage } from '../../src/pipeline/live/stream-tail.ts';

const ids = new IdSource(() => timestamp(Date.UTC(2026, 0, 1)), randomFillSync);
const ALL: TailFilter = { types: [], kinds: ['event', 'delivery'] };
const START = ids.next<EventId>();

function newEvent(type = 'a', data = '1'): AcceptedEvent {
  return {
    id: ids.next<EventId>(),
    organizationId: 'ours' as OrganizationId,
    type,
    data: data as JsonText,
    dedupId: null,
    orderingKey: null,
    deliverAt: null,
    createdAt: timestamp(0),
    traceparent: null,
    hops: 0,
  };
}

function newDelivery(): Activity {
  const delivery = {
    id: ids.next<never>(),
    organizationId: 'ours' as OrganizationId,
    eventId: ids.next<EventId>(),
    endpointId: ids.next<never>(),
    eventType: 'a',
    status: 'delivered',
    attempts: 1,
    nextAttemptAt: null,
    lastStatusCode: 200,
    lastError: null,
    at: timestamp(0),
  } as const;
  return { kind: 'delivery', delivery };
}

/** A tail over a record in memory, which only ever grows. */
function newTail(options: { filter?: TailFilter; missed?: boolean } = {}) {
  const record: AcceptedEvent[] = [];
  let queued = 0;
  let onRead: (() => void) | undefined;
  let pending: ReturnType<Tail['next']> | undefined;
  const tail = new Tail({
    filter: options.filter ?? ALL,
    position: START,
    missed: options.missed ?? false,
    read: async (after, limit) => {
      const found = record
        .filter(({ id }) => id > after)
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
        .slice(0, limit);
      onRead?.();
      return found;
    },
    onGrowth: (characters) => {
      queued += characters;
    },
  });
  return {
    tail,
    record,
    get queued() {
      return queued;
    },
    /** After each reading, before its answer comes. */
    whenRead: (act: () => void) => {
      onRead = act;
    },
    tell: (...events: AcceptedEvent[]) => tail.onActivities(events.map((event) => ({ kind: 'event', event }))),
    /** What comes until nothing is left. */
    async all(): Promise<TailMessage[]> {
      const messages: TailMessage[] = [];
      for (let waiting = true; waiting; ) {
        pending ??= tail.next();
        const piece = await Promise.race([pending, new Promise<null>((resolve) => setTimeout(resolve, 20, null))]);
        if (piece !== null) pending = undefined;
        messages.push(...(piece ?? []));
        waiting = piece !== null && piece !== undefined;
      }
      return messages;
    },
  };
}

function eventIds(messages: readonly TailMessage[]): string[] {
  return messages.flatMap((message) =>
    message.kind === 'activity' && message.activity.kind === 'event' ? [message.activity.event.id] : [],
  );
}

describe('Tail', () => {
  test('activities that arrive while the record is read are shown once', async () => {
    const world = newTail({ missed: true });
    const [a, b, late, c, d] = [newEvent(), newEvent(), newEvent(), newEvent(), newEvent()];
    world.record.push(a, b, c);
    world.tell(b);
    world.whenRead(() => {
      world.whenRead(() => {});
      world.record.push(late, d);
      world.tell(c, late, d);
    });
    const messages = await world.all();
    world.tell(a, d);
    assert.deepEqual(await world.all(), []);
    assert.deepEqual(eventIds(messages), [a.id, b.id, c.id, late.id, d.id]);
    const positions = messages.map(({ position }) => position);
    assert.deepEqual(positions, [a.id, b.id, c.id, null, d.id], 'the place to resume at never goes back');
  });

  test('a watcher that does not read is disconnected and its queue freed', () => {
    const world = newTail();
    const big = 'x'.repeat(100_000);
    for (let n = 0; n < 100; n++) {
      world.tell(newEvent('a', big));
      assert.ok(world.queued <= MAX_STREAM_QUEUE_CHARACTERS);
    }
    assert.equal(world.tail.ended, 'slow');
    assert.equal(world.queued, 0);
    world.tell(newEvent('a', big));
    assert.equal(world.queued, 0);
  });

  test("one second of several processes' activities at once disconnects no watcher that reads", async () => {
    const world = newTail();
    const big = 'x'.repeat(200_000);
    const told = Array.from({ length: 12 }, () => newEvent('a', big));
    // It is in the record before it is told.
    world.record.push(...told);
    world.tell(...told);
    assert.ok(world.queued <= MAX_STREAM_QUEUE_CHARACTERS);
    assert.deepEqual(
      eventIds(await world.all()),
      told.map(({ id }) => id),
    );
    assert.equal(world.tail.ended, null);
  });

  test('of deliveries, which are in no record, it says how many it could not show', async () => {
    const world = newTail({ filter: { types: [], kinds: ['delivery'] } });
    const some = Array.from({ length: 10_000 }, () => newDelivery());
    world.tail.onActivities(some);
    const messages = await world.all();
    const told = messages.reduce(
      (sum, message) => sum + (message.kind === 'dropped' ? (message.counts.delivery ?? 0) : 1),
      0,
    );
    assert.equal(told, some.length);
    assert.ok(messages.some(({ kind }) => kind === 'dropped'));
  });

  test('unbounded activities during the catch-up are all shown once, with bounded memory', async () => {
    const world = newTail({ missed: true });
    const big = 'x'.repeat(50_000);
    const happen = (count: number) => {
      for (let n = 0; n < count; n++) {
        const event = newEvent('a', big);
        world.record.push(event);
        world.tell(event);
        assert.ok(world.queued <= MAX_STREAM_QUEUE_CHARACTERS);
      }
    };
    happen(200);
    let rounds = 0;
    world.whenRead(() => happen(rounds++ < 10 ? 100 : 0));
    const messages = await world.all();
    assert.deepEqual(
      eventIds(messages),
      world.record.map(({ id }) => id),
    );
    assert.ok(messages.every(({ kind }) => kind === 'activity'));
    assert.equal(world.queued, 0);
    assert.equal(world.tail.ended, null);
  });

  test('activities that overflow the queue after the last piece of the record are read from the record', async () => {
    const world = newTail({ missed: true });
    world.record.push(newEvent());
    const big = Array.from({ length: 30 }, () => newEvent('a', 'x'.repeat(50_000)));
    world.whenRead(() => {
      world.whenRead(() => {});
      world.record.push(...big);
      world.tell(...big);
    });
    assert.deepEqual(
      eventIds(await world.all()),
      world.record.map(({ id }) => id),
    );
  });

  test('when the way was cut, events are read from the record, and of deliveries it says so', async () => {
    const world = newTail();
    const [before, lost] = [newEvent(), newEvent()];
    world.record.push(before, lost);
    world.tell(before);
    await world.all();
    world.tail.onDropped({ event: null, delivery: null });
    world.tail.onActivities([newDelivery()]);
    const messages = await world.all();
    assert.deepEqual(eventIds(messages), [lost.id]);
    assert.deepEqual(messages[1], { kind: 'dropped', counts: { event: 0, delivery: null }, position: lost.id });
    assert.equal(messages.length, 3);
  });

  test('dropped activities are reported with the position up to which nothing is missing, if the watcher wants their kind', async () => {
    const world = newTail({ filter: { types: [], kinds: ['event'] } });
    const event = newEvent();
    world.tell(event);
    await world.all();
    world.tail.onDropped({ event: 3, delivery: 4 });
    world.tail.onDropped({ event: 0, delivery: 4 });
    const counts = { event: 3, delivery: 0 };
    assert.deepEqual(await world.all(), [{ kind: 'dropped', counts, position: event.id }]);
  });

  test('missed events beyond the maximum are dropped', async () => {
    const world = newTail({ missed: true });
    for (let n = 0; n < MAX_MISSED_EVENTS + 500; n++) world.record.push(newEvent());
    const messages = await world.all();
    const shown = eventIds(messages);
    assert.ok(shown.length >= MAX_MISSED_EVENTS && shown.length < MAX_MISSED_EVENTS + 300);
    const last = messages.at(-1);
    assert.deepEqual(last, { kind: 'dropped', counts: { event: null, delivery: 0 }, position: shown.at(-1) });
    const live = newEvent();
    world.tell(live);
    assert.deepEqual(eventIds(await world.all()), [live.id]);
  });

  test('the position moves past filtered events once the queue is empty', async () => {
    const world = newTail({ filter: { types: ['a'], kinds: ['event'] } });
    assert.equal(world.tail.takePosition(), START);
    assert.equal(world.tail.takePosition(), null);
    const [other, wanted, behind] = [newEvent('b'), newEvent('a'), newEvent('b')];
    world.tell(other);
    assert.equal(world.tail.takePosition(), other.id);
    world.tell(wanted, behind);
    assert.equal(world.tail.takePosition(), null);
    assert.deepEqual(eventIds(await world.all()), [wanted.id]);
    assert.equal(world.tail.takePosition(), null);
    const next = newEvent('b');
    world.tell(next);
    assert.equal(world.tail.takePosition(), next.id);
  });
});
