import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointId } from '../../src/core/ids.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { addMs } from '../../src/core/time.ts';
import { eventually } from '../support/service.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, WHOLE_LIST } from './world.ts';

/** Texts that a parser and printer on the way would change. */
const AWKWARD_DATA = [
  '1e400',
  '12345678901234567890',
  '-0.0',
  '{"b":1,"a":2,"b":3}',
  '"\\u0000 \\ud800 \\u00e9"',
  '{ "spaced" :\t[ 1 ,\r\n 2 ] }',
  '"żółć 日本語 🎉 \u2028"',
  '{"__proto__":{"x":1}}',
  'null',
  `"${'x'.repeat(256 * 1024 - 2)}"`,
];

/** Never looked up: only its deliveries matter. */
const ENDPOINT = '01900000-0000-7000-8000-00000000e4d0' as EndpointId;

/** @param traits.fanOutInAccept the intake is the record: `accept` does what a worker does elsewhere */
export function intakeContract(newHarness: NewHarness, traits: { readonly fanOutInAccept: boolean }): void {
  describe('Intake', () => {
    test(
      'keeps every field and the very text of data',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const events = AWKWARD_DATA.map((data, at) =>
          world.event(organizationId, {
            data: data as JsonText,
            dedupId: at % 2 === 0 ? `żółć ${at}` : null,
            orderingKey: at % 3 === 0 ? 'key' : null,
            deliverAt: at % 4 === 0 ? addMs(world.clock.now(), 5_000) : null,
            traceparent: at % 5 === 0 ? '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' : null,
            hops: at,
          }),
        );
        assert.deepEqual(
          await world.engine.intake.accept(events),
          events.map(() => ({ kind: 'accepted' })),
        );
        const { events: store } = (await world.reopen()).store;
        for (const event of events) assert.deepEqual(await store.get(organizationId, event.id), event);
      }),
    );

    test(
      'writes one delivery for each endpoint that wants the event, and none for nobody',
      inWorld(newHarness, async (world) => {
        const some = await world.organization(3);
        const none = await world.organization(0);
        const [wanted] = await world.accept(some);
        const [unwanted] = await world.accept(none);
        assert.ok(wanted && unwanted);
        const deliveries = await world.engine.store.deliveries.ofEvent(some, wanted.id);
        assert.deepEqual(new Set(deliveries.map(({ endpointId }) => endpointId)), new Set(world.endpoints.get(some)));
        for (const { status, attempts, eventType } of deliveries) {
          assert.deepEqual({ status, attempts, eventType }, { status: 'pending', attempts: 0, eventType: wanted.type });
        }
        assert.deepEqual(await world.engine.store.deliveries.ofEvent(none, unwanted.id), []);
        assert.deepEqual(await world.engine.store.events.get(none, unwanted.id), unwanted);
      }),
    );

    test(
      'waits for a fan-out that takes its time, and writes what it said',
      inWorld(
        newHarness,
        async (world) => {
          const organizationId = await world.organization(2);
          const events = await world.accept(organizationId, 3);
          for (const { id } of events) {
            assert.equal((await world.engine.store.deliveries.ofEvent(organizationId, id)).length, 1);
          }
        },
        { fanOut: slowFanOut },
      ),
    );

    if (traits.fanOutInAccept) {
      test(
        'a fan-out that fails fails its own call and no other',
        inWorld(
          newHarness,
          async (world) => {
            const organizationId = await world.organization();
            const [bad, good] = await Promise.allSettled([
              world.accept(organizationId, 1, { type: 'broken' }),
              world.accept(organizationId, 1),
            ]);
            assert.equal(bad.status, 'rejected');
            assert.equal(good.status, 'fulfilled');
            assert.equal(
              (await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null })).length,
              1,
            );
          },
          {
            fanOut: ({ type }) => {
              if (type === 'broken') throw new Error('no endpoints today');
              return [];
            },
          },
        ),
      );
    }

    test(
      'records what a disabled endpoint would have got as skipped, which nobody takes',
      inWorld(
        newHarness,
        async (world) => {
          const organizationId = await world.organization();
          const [event] = await world.accept(organizationId);
          assert.ok(event);
          const [delivery] = await world.engine.store.deliveries.ofEvent(organizationId, event.id);
          assert.ok(delivery);
          assert.deepEqual([delivery.status, delivery.nextAttemptAt], ['skipped', null]);
          assert.deepEqual(await world.take(delivery.endpointId), []);
        },
        {
          fanOut: (event) => [
            { id: `${event.id}` as never, endpointId: ENDPOINT, status: 'skipped', orderingGroup: null },
          ],
        },
      ),
    );

    test(
      'answers a repeated dedup id with the first event, in one call, in parallel calls, and later',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(1);
        const copies = (count: number, dedupId: string) =>
          Array.from({ length: count }, () => world.event(organizationId, { dedupId }));
        const inOne = copies(3, 'one');
        const outcomes = await world.engine.intake.accept(inOne);
        const duplicate = { kind: 'duplicate', id: inOne[0]?.id, createdAt: inOne[0]?.createdAt };
        assert.deepEqual(outcomes, [{ kind: 'accepted' }, duplicate, duplicate]);

        const parallel = copies(20, 'two');
        const answers = (await Promise.all(parallel.map((event) => world.engine.intake.accept([event])))).flat();
        const winner = parallel[answers.findIndex(({ kind }) => kind === 'accepted')];
        assert.ok(winner);
        assert.equal(answers.filter(({ kind }) => kind === 'accepted').length, 1);
        for (const answer of answers) assert.ok(answer.kind !== 'duplicate' || answer.id === winner.id);

        world.clock.advance(10_000);
        await world.reopen();
        assert.deepEqual(await world.engine.intake.accept(copies(1, 'one')), [duplicate]);
        const stored = await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null });
        assert.deepEqual(new Set(stored.map(({ id }) => id)), new Set([inOne[0]?.id, winner.id]));
        assert.equal((await world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES)).length, 2);
      }),
    );

    test(
      'a dedup id belongs to its organization and ends with the window',
      inWorld(newHarness, async (world) => {
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const accept = async (organizationId: typeof ours) => {
          const [outcome] = await world.engine.intake.accept([world.event(organizationId, { dedupId: 'same' })]);
          return outcome?.kind;
        };
        assert.equal(await accept(ours), 'accepted');
        assert.equal(await accept(theirs), 'accepted');
        world.clock.advance(59_999);
        assert.equal(await accept(ours), 'duplicate');
        world.clock.advance(1);
        assert.equal(await accept(ours), 'accepted');
        assert.equal(await accept(ours), 'duplicate');
      }),
    );

    test(
      'the same event again is accepted and is there once',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization(2);
        const events = [world.event(organizationId), world.event(organizationId, { dedupId: 'd' })];
        await world.engine.intake.accept(events);
        assert.deepEqual(await world.engine.intake.accept(events), [{ kind: 'accepted' }, { kind: 'accepted' }]);
        assert.equal((await world.engine.store.deliveries.list(organizationId, ALL_DELIVERIES)).length, 4);
      }),
    );

    test(
      'refuses events while too much waits, tells duplicates all the same, and goes on when there is room',
      inWorld(
        newHarness,
        async (world) => {
          const { organizationId, endpointId } = await world.lane();
          await world.engine.intake.accept([
            ...Array.from({ length: 4 }, () => world.event(organizationId)),
            world.event(organizationId, { dedupId: 'known' }),
          ]);
          const accept = async (dedupId: string | null) => {
            const [outcome] = await world.engine.intake.accept([world.event(organizationId, { dedupId })]);
            return outcome;
          };
          await world.reopen();
          const refused = await accept(null);
          assert.ok(refused?.kind === 'backlog_full' && refused.retryAfterSeconds >= 1);
          assert.equal((await accept('fresh'))?.kind, 'backlog_full');
          assert.equal((await accept('known'))?.kind, 'duplicate');
          assert.equal((await world.engine.store.events.list(organizationId, { ...WHOLE_LIST, type: null })).length, 5);

          const [taken] = await world.take(endpointId, 1);
          assert.ok(taken);
          assert.equal((await accept(null))?.kind, 'backlog_full');
          const attempt = {
            number: 1,
            startedAt: world.clock.now(),
            durationMs: 1,
            statusCode: 200,
            error: null,
            errorDetail: null,
            responseExcerpt: null,
          };
          await world.engine.queue.settle([
            { deliveryId: taken.id, attemptNumber: 1, attempt, next: { status: 'delivered' } },
          ]);
          assert.equal((await accept('fresh'))?.kind, 'accepted', 'a refusal leaves no mark');
          assert.equal((await accept(null))?.kind, 'backlog_full');
        },
        { maxBacklog: 5 },
      ),
    );

    test(
      'takes a call with very many deliveries as one step, and others are served meanwhile',
      inWorld(newHarness, async (world) => {
        const big = await world.organization(50);
        const small = await world.organization(1);
        const [many, one] = await Promise.all([world.accept(big, 200), world.accept(small, 1)]);
        assert.equal(one.length, 1);
        for (const event of [many[0], many.at(-1)]) {
          assert.ok(event);
          assert.equal((await world.engine.store.deliveries.ofEvent(big, event.id)).length, 50);
        }
        assert.equal((await world.engine.queue.depth()).waiting, 10_001);
      }),
    );

    test(
      'tells its inboxes and lanes after the commit',
      inWorld(newHarness, async (world) => {
        const { organizationId, endpointId } = await world.lane();
        const seen: { due: string[]; available: string[] } = { due: [], available: [] };
        const stopDue = world.engine.queue.onDue((ids) => seen.due.push(...ids));
        const stopAvailable = world.engine.store.inboxes.onAvailable((id) => seen.available.push(id));
        await world.accept(organizationId);
        // Between processes news take a moment, and may be told twice.
        await eventually(() => {
          assert.deepEqual(
            [new Set(seen.due), new Set(seen.available)],
            [new Set([endpointId]), new Set([organizationId])],
          );
        });
        stopDue();
        stopAvailable();
        const before = structuredClone(seen);
        await world.accept(organizationId);
        assert.deepEqual(seen, before);
      }),
    );
  });
}

let turn = 0;
/** Answers after some turns of the loop, differently long each time. */
async function slowFanOut(event: { id: string }) {
  for (let rest = turn++ % 3; rest >= 0; rest--) await new Promise((resolve) => setImmediate(resolve));
  return [{ id: event.id as never, endpointId: ENDPOINT, status: 'pending' as const, orderingGroup: null }];
}
