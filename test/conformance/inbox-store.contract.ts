import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Inbox } from '../../src/core/administration/inbox.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { EventId, InboxId, LeaseId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import type { NewHarness } from './harness.ts';
import { inWorld, type World } from './world.ts';

export function inboxStoreContract(newHarness: NewHarness): void {
  describe('InboxStore', () => {
    test(
      'leases oldest first, each message to one lease, with the event whole',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        assert.deepEqual((await world.lease(inbox)).messages, []);
        const events = await world.accept(organizationId, 7);
        const first = await world.lease(inbox, 3);
        assert.deepEqual(
          first.messages,
          events.slice(0, 3).map((event) => ({ event, status: 'leased', leaseCount: 1 })),
        );
        assert.equal(first.until, addMs(world.clock.now(), 30_000));
        const rest = await Promise.all([world.lease(inbox, 3), world.lease(inbox, 3), world.lease(inbox, 3)]);
        assert.deepEqual(rest.flatMap(({ eventIds }) => eventIds).toSorted(), idsOf(events.slice(3)));
        const leaseId = world.ids.next<LeaseId>();
        const none = { leaseId, limit: 5, leaseMs: 1_000, eventTypes: [] };
        assert.equal(await world.engine.store.inboxes.lease(inbox, none), undefined);
      }),
    );

    test(
      'finds one event as the inbox has it, and none that it does not have',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { inboxes } = world.engine.store;
        const [foreign] = await world.accept(await world.organization(), 1);
        const [early] = await world.accept(organizationId, 1);
        world.clock.advance(10);
        const id = world.ids.next<InboxId>();
        await inboxes.create({
          ...(await world.inbox(organizationId)),
          id,
          name: 'late',
          createdAt: world.clock.now(),
        });
        const inbox = await world.inbox(organizationId, { maxLeases: 2 });
        const events = [
          ...(await world.accept(organizationId, 3)),
          ...(await world.accept(organizationId, 1, { type: 'b' })),
        ];
        const found = async (of: Inbox, event: AcceptedEvent | undefined) => {
          const message = await inboxes.find(of, event?.id as EventId);
          if (message !== undefined) assert.deepEqual(message.event, event);
          return message === undefined ? 'none' : `${message.status} ${message.leaseCount}`;
        };
        assert.equal(await found(inbox, early), 'available 0');
        const { leaseId, eventIds } = await world.lease(inbox, 4, [], 1_000);
        await inboxes.ack(inbox, { eventIds: eventIds.slice(1, 2), leaseId });
        await inboxes.release(inbox, { eventIds: eventIds.slice(2, 3), leaseId, delayMs: 500 });
        const states = async (of: Inbox) => Promise.all([early, ...events].map((event) => found(of, event)));
        const expected = ['leased 1', 'acked 1', 'available 1', 'leased 1', 'available 0'];
        assert.deepEqual(await states(inbox), expected);
        // What it has had it has, whatever it wants by now; what it never touched it wants or has not.
        assert.deepEqual(await states({ ...inbox, eventTypes: ['c'] }), [...expected.slice(0, 4), 'none']);
        world.clock.advance(2_000);
        assert.deepEqual(await found(inbox, early), 'available 1');
        await world.lease(inbox, 1, [], 1_000);
        world.clock.advance(2_000);
        assert.deepEqual(await found(inbox, early), 'quarantined 2');
        const late = await inboxes.get(organizationId, 'late');
        assert.deepEqual(await states(late as Inbox), ['none', ...Array(4).fill('available 0')]);
        assert.equal(await found(inbox, foreign), 'none');
        assert.equal(await inboxes.find(inbox, world.ids.next<EventId>()), undefined);
      }),
    );

    test(
      'many consumers at once share the events without overlap',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const events = await world.accept(organizationId, 100);
        const leases = await Promise.all(Array.from({ length: 20 }, () => world.lease(inbox, 7)));
        const ids = leases.flatMap(({ eventIds }) => eventIds);
        assert.equal(ids.length, 100);
        assert.deepEqual(ids.toSorted(), idsOf(events));
      }),
    );

    test(
      'an ack is for ever; acking what is acked counts; an unknown id is not found',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const theirs = await world.accept(await world.organization(), 1);
        const inbox = await world.inbox(organizationId);
        await world.accept(organizationId, 4);
        const { eventIds, leaseId } = await world.lease(inbox, 3);
        const { inboxes } = world.engine.store;
        const missing = world.ids.next<EventId>();
        const foreign = theirs[0]?.id as EventId;
        const some = [...eventIds.slice(0, 2), missing, foreign, ...eventIds.slice(0, 1)];
        assert.deepEqual(await inboxes.ack(inbox, { eventIds: some, leaseId }), {
          acknowledged: 2,
          notFound: [missing, foreign],
          stale: [],
        });
        assert.deepEqual(await inboxes.ack(inbox, { eventIds, leaseId }), { acknowledged: 3, notFound: [], stale: [] });
        world.clock.advance(86_400_000);
        await world.reopen();
        const left = await world.lease(inbox);
        assert.equal(left.eventIds.length, 1);
        assert.ok(!eventIds.includes(left.eventIds[0] as EventId));
        assert.equal((await world.engine.store.inboxes.list(inbox, page('acked'))).length, 3);
      }),
    );

    test(
      'an ack by lease alone takes all that it holds, and nothing once it is gone',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        await world.accept(organizationId, 5);
        const one = await world.lease(inbox, 3);
        const two = await world.lease(inbox, 2);
        const { inboxes } = world.engine.store;
        const ack = async (leaseId: LeaseId) => (await inboxes.ack(inbox, { eventIds: null, leaseId })).acknowledged;
        assert.equal(await ack(one.leaseId), 3);
        assert.equal(await ack(one.leaseId), 0);
        world.clock.advance(30_000);
        assert.equal(await ack(two.leaseId), 0);
        assert.deepEqual((await world.lease(inbox)).eventIds, two.eventIds);
      }),
    );

    test(
      'an ack with a lease that lost its messages is stale and changes nothing',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        await world.accept(organizationId, 3);
        const slept = await world.lease(inbox, 3);
        world.clock.advance(30_000);
        const { inboxes } = world.engine.store;
        const stale = { acknowledged: 0, notFound: [], stale: slept.eventIds };
        assert.deepEqual(await inboxes.ack(inbox, { eventIds: slept.eventIds, leaseId: slept.leaseId }), stale);
        const taken = await world.lease(inbox, 2);
        assert.deepEqual(
          taken.messages.map(({ leaseCount }) => leaseCount),
          [2, 2],
        );
        assert.deepEqual(await inboxes.ack(inbox, { eventIds: slept.eventIds, leaseId: slept.leaseId }), stale);
        assert.deepEqual(await inboxes.ack(inbox, { eventIds: taken.eventIds, leaseId: null }), {
          acknowledged: 2,
          notFound: [],
          stale: [],
        });
        const all = { eventIds: slept.eventIds, leaseId: slept.leaseId };
        assert.deepEqual(await inboxes.ack(inbox, all), {
          acknowledged: 2,
          notFound: [],
          stale: slept.eventIds.slice(2),
        });
      }),
    );

    test(
      'acks what was never leased, a thousand at once, also ahead of the others',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const events = await world.accept(organizationId, 1_200);
        const ahead = idsOf(events).slice(100, 1_100);
        const result = await world.engine.store.inboxes.ack(inbox, { eventIds: ahead, leaseId: null });
        assert.deepEqual(result, { acknowledged: 1_000, notFound: [], stale: [] });
        const { eventIds } = await world.lease(inbox, 1_000);
        assert.deepEqual(eventIds, [...idsOf(events).slice(0, 100), ...idsOf(events).slice(1_100)]);
      }),
    );

    test(
      'a release makes available again, at once or later, oldest first',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const events = idsOf(await world.accept(organizationId, 5));
        const { leaseId } = await world.lease(inbox, 4);
        const { inboxes } = world.engine.store;
        const foreign = world.ids.next<EventId>();
        const some = { leaseId, eventIds: [events[1], foreign] as EventId[], delayMs: 0 };
        assert.deepEqual(await inboxes.release(inbox, some), { released: 1, stale: [foreign] });
        const later = { leaseId, eventIds: [events[0]] as EventId[], delayMs: 5_000 };
        assert.deepEqual(await inboxes.release(inbox, later), { released: 1, stale: [] });
        assert.deepEqual(await inboxes.release(inbox, later), { released: 0, stale: [events[0]] });
        const next = await world.lease(inbox, 10);
        assert.deepEqual(
          next.messages.map(({ event, leaseCount }) => [event.id, leaseCount]),
          [
            [events[1], 2],
            [events[4], 1],
          ],
        );
        assert.deepEqual(await inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 }), {
          released: 2,
          stale: [],
        });
        world.clock.advance(5_000);
        assert.deepEqual((await world.lease(inbox, 10)).eventIds, [events[0], events[2], events[3]]);
      }),
    );

    test(
      'an extension holds on from now; what is lost can not be extended',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const events = idsOf(await world.accept(organizationId, 3));
        const { leaseId } = await world.lease(inbox, 3);
        const { inboxes } = world.engine.store;
        world.clock.advance(29_000);
        const one = { leaseId, eventIds: events.slice(0, 1), leaseMs: 60_000 };
        assert.deepEqual(await inboxes.extend(inbox, one), { extended: 1, stale: [] });
        world.clock.advance(2_000);
        const all = { leaseId, eventIds: events, leaseMs: 60_000 };
        assert.deepEqual(await inboxes.extend(inbox, all), { extended: 1, stale: events.slice(1) });
        assert.deepEqual((await world.lease(inbox)).eventIds, events.slice(1));
        assert.deepEqual(await inboxes.extend(inbox, { ...all, eventIds: null }), { extended: 1, stale: [] });
      }),
    );

    test(
      'quarantines after its leases, run out or released, until it is requeued with a fresh count',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 2 });
        const events = idsOf(await world.accept(organizationId, 2));
        const { inboxes } = world.engine.store;
        const first = await world.lease(inbox, 2);
        await inboxes.release(inbox, { leaseId: first.leaseId, eventIds: null, delayMs: 0 });
        const second = await world.lease(inbox, 2);
        assert.equal(second.eventIds.length, 2);
        await inboxes.release(inbox, { leaseId: second.leaseId, eventIds: events.slice(0, 1), delayMs: 0 });
        world.clock.advance(30_000);
        assert.deepEqual((await world.lease(inbox)).eventIds, []);
        const quarantined = await inboxes.list(inbox, page('quarantined'));
        assert.deepEqual(
          quarantined.map(({ event, status, leaseCount }) => [event.id, status, leaseCount]),
          events.map((id) => [id, 'quarantined', 2]),
        );
        const missing = world.ids.next<EventId>();
        assert.deepEqual(await inboxes.requeue(inbox, [...events, missing]), { requeued: 2, notFound: [missing] });
        assert.deepEqual(await inboxes.requeue(inbox, events), { requeued: 0, notFound: events });
        const again = await world.lease(inbox);
        assert.deepEqual(
          again.messages.map(({ leaseCount }) => leaseCount),
          [1, 1],
        );
        await inboxes.ack(inbox, { eventIds: null, leaseId: again.leaseId });
        assert.deepEqual(await inboxes.requeue(inbox, events), { requeued: 0, notFound: events });
      }),
    );

    test(
      'requeues what has had its leases though nobody looked since the last one ran out',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const events = idsOf(await world.accept(organizationId, 1));
        await world.lease(inbox);
        world.clock.advance(30_000);
        assert.deepEqual(await world.engine.store.inboxes.requeue(inbox, events), { requeued: 1, notFound: [] });
      }),
    );

    test(
      'an ack of what is quarantined or held by another takes it without a lease',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const events = idsOf(await world.accept(organizationId, 2));
        const { leaseId } = await world.lease(inbox, 1);
        await world.engine.store.inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
        const holder = await world.lease(inbox, 1);
        const acked = await world.engine.store.inboxes.ack(inbox, { eventIds: events, leaseId: null });
        assert.deepEqual(acked, { acknowledged: 2, notFound: [], stale: [] });
        const extension = { leaseId: holder.leaseId, eventIds: null, leaseMs: 1_000 };
        assert.deepEqual(await world.engine.store.inboxes.extend(inbox, extension), { extended: 0, stale: [] });
      }),
    );

    test(
      'a lease narrowed to some types neither loses nor takes what it passes over',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const events = await mixedEvents(world, organizationId, 60);
        const ofType = (...types: string[]) => idsOf(events.filter(({ type }) => types.includes(type)));
        const orders = await world.lease(inbox, 5, ['order.*']);
        assert.deepEqual(orders.eventIds, ofType('order.created', 'order.paid').slice(0, 5));
        const order = await world.lease(inbox, 100, ['order']);
        assert.deepEqual(order.eventIds, ofType('order'));
        const any = await world.lease(inbox, 100, ['order.**', 'user.gone']);
        assert.deepEqual(
          any.eventIds,
          [...ofType('order.created', 'order.paid', 'user.gone')].filter((id) => !orders.eventIds.includes(id)),
        );
        const rest = await world.lease(inbox, 100);
        const taken = new Set([...orders.eventIds, ...order.eventIds, ...any.eventIds]);
        assert.deepEqual(
          rest.eventIds,
          idsOf(events).filter((id) => !taken.has(id)),
        );
        assert.deepEqual((await world.lease(inbox, 100, ['**'])).eventIds, []);
      }),
    );

    test(
      'finds what is wanted behind thousands of events that are not',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        for (let count = 0; count < 3; count++) await world.accept(organizationId, 1_000, { type: 'noise' });
        const [wanted] = await world.accept(organizationId, 1, { type: 'signal' });
        const narrow = await world.inbox(organizationId);
        assert.deepEqual((await world.lease(narrow, 1, ['signal'])).eventIds, [wanted?.id]);
        assert.equal((await world.lease(narrow, 1_000)).eventIds.length, 1_000);
        assert.deepEqual((await world.lease(narrow, 1, ['signal'])).eventIds, []);
      }),
    );

    test(
      'an inbox with event types takes and shows no others',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { eventTypes: ['order.*'] });
        const events = await mixedEvents(world, organizationId, 30);
        const wanted = idsOf(events.filter(({ type }) => type.startsWith('order.')));
        const { inboxes } = world.engine.store;
        const shown = async () => (await inboxes.list(inbox, page(null))).map(({ event }) => event.id);
        assert.deepEqual(await shown(), wanted);
        const { eventIds } = await world.lease(inbox, 4);
        assert.deepEqual(eventIds, wanted.slice(0, 4));
        assert.deepEqual(await shown(), wanted);
        assert.deepEqual((await world.lease(inbox, 100)).eventIds, wanted.slice(4));
      }),
    );

    test(
      'shows each state, oldest first, in pages, and takes nothing',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const events = idsOf(await world.accept(organizationId, 12));
        const { inboxes } = world.engine.store;
        const gone = await world.lease(inbox, 2);
        await inboxes.release(inbox, { leaseId: gone.leaseId, eventIds: null, delayMs: 0 });
        const done = await world.lease(inbox, 3);
        await inboxes.ack(inbox, { eventIds: null, leaseId: done.leaseId });
        await inboxes.ack(inbox, { eventIds: events.slice(9, 10), leaseId: null });
        await world.lease(inbox, 2);
        const shown = async (status: Parameters<typeof page>[0], limit: number) => {
          const all: EventId[] = [];
          for (let after: EventId | null = null, more = true; more; ) {
            const messages: Awaited<ReturnType<typeof inboxes.list>> = await inboxes.list(inbox, {
              status,
              limit,
              after,
            });
            for (const message of messages) {
              assert.ok(status === null || message.status === status);
              all.push(message.event.id);
            }
            more = messages.length > 0;
            after = all.at(-1) ?? null;
          }
          return all;
        };
        for (const limit of [1, 2, 5, 1_000]) {
          assert.deepEqual(await shown('quarantined', limit), events.slice(0, 2));
          assert.deepEqual(await shown('acked', limit), [...events.slice(2, 5), ...events.slice(9, 10)]);
          assert.deepEqual(await shown('leased', limit), events.slice(5, 7));
          assert.deepEqual(await shown('available', limit), [...events.slice(7, 9), ...events.slice(10)]);
          assert.deepEqual(await shown(null, limit), events);
        }
        world.clock.advance(30_000);
        assert.deepEqual(await shown('leased', 10), []);
        assert.deepEqual(await shown('quarantined', 10), [...events.slice(0, 2), ...events.slice(5, 7)]);
      }),
    );

    test(
      'misses no event that commits after one with a higher id',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId);
        const [early, late] = [world.event(organizationId), world.event(organizationId)];
        await world.engine.intake.accept([late]);
        assert.deepEqual((await world.lease(inbox)).eventIds, [late.id]);
        await world.engine.intake.accept([early]);
        assert.deepEqual(
          (await world.engine.store.inboxes.list(inbox, page('available'))).map(({ event }) => event.id),
          [early.id],
        );
        assert.deepEqual((await world.lease(inbox)).eventIds, [early.id]);
      }),
    );

    test(
      "another organization's lease holds nothing of ours",
      inWorld(newHarness, async (world) => {
        const [ours, theirs] = [await world.organization(), await world.organization()];
        await world.accept(ours, 3);
        const [inbox, other] = [await world.inbox(ours), await world.inbox(theirs)];
        const lease = await world.lease(inbox, 2);
        assert.deepEqual((await world.lease(other)).eventIds, []);
        const { inboxes } = world.engine.store;
        const { leaseId, eventIds } = lease;
        assert.deepEqual(await inboxes.list(other, page(null)), []);
        assert.equal((await inboxes.ack(other, { eventIds: null, leaseId })).acknowledged, 0);
        assert.deepEqual((await inboxes.ack(other, { eventIds, leaseId })).notFound, eventIds);
        assert.equal((await inboxes.release(other, { leaseId, eventIds: null, delayMs: 0 })).released, 0);
        assert.equal((await inboxes.extend(other, { leaseId, eventIds, leaseMs: 1 })).extended, 0);
        assert.equal((await inboxes.requeue(other, eventIds)).requeued, 0);
        assert.equal((await inboxes.list(inbox, page('leased'))).length, 2);
      }),
    );

    test(
      'requeues what is quarantined and fits, oldest first, in steps',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const { inboxes } = world.engine.store;
        const early = await mixedEvents(world, organizationId, 12);
        world.clock.advance(1_000);
        const at = world.clock.now();
        const late = await mixedEvents(world, organizationId, 12);
        const events = [...early, ...late];
        const { leaseId, eventIds } = await world.lease(inbox, 24, [], 5_000);
        await inboxes.release(inbox, { leaseId, eventIds: eventIds.slice(0, 20), delayMs: 0 });
        await inboxes.ack(inbox, { leaseId, eventIds: eventIds.slice(20, 22) });
        // The last two ran out, and nobody has looked since.
        world.clock.advance(5_000);
        const all = { eventTypes: [], from: null, to: null, after: null, limit: 100 };
        const left = async () => idsOf((await inboxes.list(inbox, page('quarantined'))).map(({ event }) => event));
        const expected = new Set([...eventIds.slice(0, 20), ...eventIds.slice(22)]);
        const take = (fits: (event: AcceptedEvent) => boolean) => {
          const taken = events.filter((event) => expected.has(event.id) && fits(event));
          for (const { id } of taken) expected.delete(id);
          return taken.length;
        };
        for (const [filter, fits] of [
          [{ eventTypes: ['nothing', 'or.*'] }, () => false],
          [{ eventTypes: ['order'], to: at }, ({ type, createdAt }) => type === 'order' && createdAt < at],
          [{ eventTypes: ['user.*'], from: at }, ({ type, createdAt }) => type.startsWith('user.') && createdAt >= at],
          [{ from: at, to: at }, () => false],
        ] as const satisfies [object, (event: AcceptedEvent) => boolean][]) {
          const wanted = { ...all, ...filter };
          assert.deepEqual(await inboxes.requeueStep(inbox, wanted), { requeued: take(fits), last: null });
          assert.deepEqual(await left(), [...expected]);
        }
        // Steps go on where the last one ended, though nothing of it was wanted.
        const rest = [...expected];
        const none = await inboxes.requeueStep(inbox, { ...all, eventTypes: ['nothing'], limit: 4 });
        assert.deepEqual(none, { requeued: 0, last: rest[3] });
        const second = await inboxes.requeueStep(inbox, { ...all, after: none.last, limit: 4 });
        assert.deepEqual(second, { requeued: 4, last: rest[7] });
        assert.deepEqual(await left(), [...rest.slice(0, 4), ...rest.slice(8)]);
        const third = await inboxes.requeueStep(inbox, { ...all, after: second.last });
        assert.deepEqual(third, { requeued: rest.length - 8, last: null });
        assert.deepEqual(await inboxes.requeueStep(inbox, all), { requeued: 4, last: null });
        assert.deepEqual(await left(), []);
        const again = await world.lease(inbox, 24);
        assert.equal(again.messages.length, 22);
        assert.ok(again.messages.every(({ leaseCount }) => leaseCount === 1));
      }),
    );

    test(
      'shows which lease holds what is leased, and until when',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 2 });
        await world.accept(organizationId, 4);
        const [one, two] = [await world.lease(inbox, 2, [], 10_000), await world.lease(inbox, 1)];
        const { inboxes } = world.engine.store;
        const shown = async (status: 'leased' | 'available' | 'quarantined' | null) =>
          (await inboxes.list(inbox, page(status))).map(({ lease }) => lease);
        const [first, second] = [one, two].map(({ leaseId: id, until }) => ({ id, until }));
        assert.deepEqual(await shown('leased'), [first, first, second]);
        assert.deepEqual(await shown(null), [first, first, second, undefined]);
        assert.deepEqual((await inboxes.find(inbox, two.eventIds[0] as EventId))?.lease, second);
        assert.deepEqual(await shown('available'), [undefined]);
        world.clock.advance(10_000);
        assert.deepEqual(await shown(null), [undefined, undefined, second, undefined]);
        assert.deepEqual(await shown('leased'), [second]);
        await inboxes.release(inbox, { leaseId: two.leaseId, eventIds: null, delayMs: 5_000 });
        assert.deepEqual(await shown(null), [undefined, undefined, undefined, undefined]);
        assert.deepEqual(await shown('available'), [undefined, undefined, undefined, undefined]);
      }),
    );

    test(
      'gives back what a client never got as if it had not been leased',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const events = idsOf(await world.accept(organizationId, 4));
        const { inboxes } = world.engine.store;
        const lease = await world.lease(inbox, 4);
        await inboxes.ack(inbox, { leaseId: lease.leaseId, eventIds: events.slice(0, 1) });
        let told = 0;
        inboxes.onAvailable(() => void told++);
        inboxes.onQuarantined(() => assert.fail('it had no lease'));
        await inboxes.undoLease(inbox, world.ids.next<LeaseId>(), events);
        assert.equal((await inboxes.list(inbox, page('leased'))).length, 3, 'another lease’s');
        await inboxes.undoLease(inbox, lease.leaseId, events.slice(0, 3));
        assert.ok(told > 0);
        const states = (await inboxes.list(inbox, page(null))).map(({ status, leaseCount }) => [status, leaseCount]);
        assert.deepEqual(states, [
          ['acked', 1],
          ['available', 0],
          ['available', 0],
          ['leased', 1],
        ]);
        const again = await world.lease(inbox, 4);
        assert.deepEqual(again.eventIds, events.slice(1, 3));
        assert.deepEqual(
          again.messages.map(({ leaseCount }) => leaseCount),
          [1, 1],
        );
      }),
    );

    test(
      'tells once of each message that becomes quarantined, by whatever call, and counts them',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const { inboxes } = world.engine.store;
        const [inbox, other] = [await world.inbox(organizationId, { maxLeases: 2 }), await world.organization()];
        const events = idsOf(await world.accept(organizationId, 8));
        const told: [EventId, string][] = [];
        const stop = inboxes.onQuarantined((messages) => {
          assert.deepEqual([messages.inbox.id, messages.inbox.name], [inbox.id, 'default']);
          assert.equal(messages.inbox.organizationId, organizationId);
          told.push(...messages.events.map(({ id, type }): [EventId, string] => [id, type]));
        });
        const ids = () => told.splice(0).map(([id, type]) => (type === 'order.created' ? id : type));
        const count = async (upTo = 100) => {
          const none = await world.inbox(other);
          const counts = await inboxes.countQuarantined([inbox], upTo);
          assert.equal((await inboxes.countQuarantined([none], upTo)).get(none.id), 0);
          return counts.get(inbox.id);
        };
        assert.equal(await count(), 0);
        const first = await world.lease(inbox, 8);
        await inboxes.release(inbox, { leaseId: first.leaseId, eventIds: null, delayMs: 0 });
        assert.deepEqual(ids(), [], 'a first lease is none too many');

        // Released with their leases had, at once and for later.
        const second = await world.lease(inbox, 4);
        const [at, later] = [second.eventIds.slice(0, 1), second.eventIds.slice(1, 2)];
        await inboxes.release(inbox, { leaseId: second.leaseId, eventIds: at, delayMs: 0 });
        assert.deepEqual(ids(), at);
        await inboxes.release(inbox, { leaseId: second.leaseId, eventIds: later, delayMs: 5_000 });
        assert.deepEqual(ids(), later);
        await inboxes.release(inbox, { leaseId: second.leaseId, eventIds: [...at, ...later], delayMs: 0 });
        await inboxes.ack(inbox, { leaseId: second.leaseId, eventIds: second.eventIds.slice(2, 3) });
        assert.deepEqual(ids(), [], 'stale and acknowledged');
        assert.equal(await count(), 2);

        // Ran out: told when somebody looks, counted before.
        world.clock.advance(30_000);
        assert.equal(await count(), 3);
        await world.lease(inbox, 1);
        assert.deepEqual(ids(), events.slice(3, 4));
        assert.equal(await count(), 3);
        assert.equal(await count(2), 2, 'no further than asked');

        // Its maximum was lowered: what is available had its leases.
        assert.deepEqual((await world.lease({ ...inbox, maxLeases: 1 }, 10)).eventIds, []);
        assert.deepEqual(ids().toSorted(), events.slice(5));
        assert.equal(await count(), 6);

        assert.equal((await inboxes.requeue(inbox, events.slice(5, 7))).requeued, 2);
        assert.equal(await count(), 4);
        assert.deepEqual(ids(), []);
        const again = await world.lease({ ...inbox, maxLeases: 1 }, 1);
        stop();
        await inboxes.release({ ...inbox, maxLeases: 1 }, { leaseId: again.leaseId, eventIds: null, delayMs: 0 });
        assert.deepEqual(ids(), []);
        assert.equal(await count(), 5);
      }),
    );

    test(
      'tells of what is available again',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const inbox = await world.inbox(organizationId, { maxLeases: 1 });
        const events = idsOf(await world.accept(organizationId, 1));
        let told = 0;
        const { inboxes } = world.engine.store;
        inboxes.onAvailable((id) => {
          if (id === organizationId) told++;
        });
        const { leaseId } = await world.lease(inbox);
        assert.equal(told, 0);
        await inboxes.release(inbox, { leaseId, eventIds: null, delayMs: 0 });
        assert.equal(told, 1);
        await inboxes.requeue(inbox, events);
        assert.equal(told, 2);
        await world.accept(organizationId);
        assert.equal(told, 3);
      }),
    );
  });
}

function page(status: 'available' | 'leased' | 'acked' | 'quarantined' | null) {
  return { status, limit: 1_000, after: null } as const;
}

function idsOf(events: readonly AcceptedEvent[]): EventId[] {
  return events.map(({ id }) => id);
}

async function mixedEvents(
  world: World,
  organizationId: Parameters<World['accept']>[0],
  count: number,
): Promise<AcceptedEvent[]> {
  const types = ['order', 'order.created', 'user.gone', 'order.paid', 'user.created', 'orders'];
  const events = Array.from({ length: count }, (_, at) =>
    world.event(organizationId, { type: types[at % types.length] ?? '' }),
  );
  await world.engine.intake.accept(events);
  return events;
}
