import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointsRevision } from '../../src/core/delivery/endpoint.ts';
import type { EndpointId } from '../../src/core/ids.ts';
import { addMs } from '../../src/core/time.ts';
import { newEndpoint } from '../support/new-endpoint.ts';
import { eventually } from '../support/service.ts';
import type { NewHarness } from './harness.ts';
import { ALL_DELIVERIES, inWorld, settlement, WHOLE_LIST } from './world.ts';

export function endpointStoreContract(newHarness: NewHarness): void {
  describe('EndpointStore', () => {
    test(
      'keeps every field',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const endpoint = newEndpoint(world, organizationId, {
          description: 'żółć "quoted"',
          eventTypes: ['order.*', '**'],
          headers: { 'x-env': 'prod', 'x-empty': '' },
          retryPolicy: { maxAttempts: 3, schedule: [1_000, 60_000] },
          options: {
            rateLimit: 5,
            retryDeadlineMs: 86_400_000,
            ordered: 'by_key',
            onFailed: 'block',
            filter: { 'data.total': { $gte: 100 }, 'data.name': 'ż\u0000\ud800' },
            batch: { maxEvents: 10, maxWaitMs: 2_000 },
            signatures: ['v1', 'v1a'],
            signingKey: 'whsk_key',
            previousSigningKey: { signingKey: 'whsk_old', expiresAt: addMs(world.clock.now(), 7) },
            format: 'cloudevents',
            clientCertificate: { certificate: 'a', key: 'b' },
          },
          failingSince: world.clock.now(),
          status: 'disabled',
          disabledReason: 'gone',
          previousSecret: { secret: 'whsec_old', expiresAt: addMs(world.clock.now(), 5) },
          isDefault: true,
        });
        assert.equal(await world.engine.store.endpoints.create(endpoint), 'created');
        const { endpoints } = (await world.reopen()).store;
        assert.deepEqual(await endpoints.get(organizationId, endpoint.id), endpoint);
        assert.deepEqual(await endpoints.getDefault(organizationId), endpoint);
        assert.deepEqual(await endpoints.all(organizationId), [endpoint]);
        assert.deepEqual(await endpoints.list(organizationId, WHOLE_LIST), [endpoint]);
      }),
    );

    test(
      'has one default endpoint an organization',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const outcomes = await Promise.all(
          [ours, ours, theirs].map((id) => endpoints.create(newEndpoint(world, id, { isDefault: true }))),
        );
        // Which of the two is first is nobody's promise.
        assert.deepEqual(outcomes.slice(0, 2).sort(), ['conflict', 'created']);
        assert.equal(outcomes[2], 'created');
        assert.equal((await endpoints.all(ours)).length, 1);
        assert.equal(await endpoints.create(newEndpoint(world, ours)), 'created');
      }),
    );

    test(
      'finds by id alone, in order, with gaps',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const organizationId = await world.organization();
        const [one, two] = [newEndpoint(world, organizationId), newEndpoint(world, organizationId)];
        await endpoints.create(one);
        await endpoints.create(two);
        const missing = world.ids.next<EndpointId>();
        assert.deepEqual(await endpoints.find([two.id, missing, one.id, two.id]), [two, undefined, one, two]);
        assert.deepEqual(await endpoints.find([one.id]), [one]);
        assert.deepEqual(await endpoints.find([missing]), [undefined]);
        assert.deepEqual(await endpoints.find(['nobody' as EndpointId]), [undefined]);
      }),
    );

    test(
      'of default endpoints that are made at once one is created',
      inWorld(newHarness, async (world) => {
        const organizationId = await world.organization();
        const made = Array.from({ length: 6 }, () => newEndpoint(world, organizationId, { isDefault: true }));
        // Opens the connections, so that they begin together.
        await Promise.all(made.map(({ id }) => world.engine.store.endpoints.get(organizationId, id)));
        const outcomes = await Promise.all(made.map((endpoint) => world.engine.store.endpoints.create(endpoint)));
        assert.deepEqual(outcomes.toSorted(), [...Array.from({ length: 5 }, () => 'conflict'), 'created']);
      }),
    );

    test(
      'calls with the lane of one that is active after a change, and with no other',
      inWorld(newHarness, async (world) => {
        const { store, queue } = world.engine;
        const organizationId = await world.organization();
        const [paused, resumed] = [newEndpoint(world, organizationId), newEndpoint(world, organizationId)];
        for (const endpoint of [paused, resumed]) await store.endpoints.create({ ...endpoint, status: 'paused' });
        const called = new Set<EndpointId>();
        const stop = queue.onDue((ids) => {
          for (const id of ids) called.add(id);
        });
        const updatedAt = world.clock.now();
        await store.endpoints.update(organizationId, paused.id, { description: 'still', updatedAt });
        await store.endpoints.update(organizationId, resumed.id, { status: 'active', updatedAt });
        await eventually(async () => assert.deepEqual([...called], [resumed.id]));
        stop();
      }),
    );

    test(
      'changes what is named and nothing else',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const organizationId = await world.organization();
        const endpoint = newEndpoint(world, organizationId);
        await endpoints.create(endpoint);
        const updatedAt = addMs(world.clock.now(), 10);
        const change = { url: 'https://example.org/', status: 'paused', eventTypes: ['a'], updatedAt } as const;
        const changed = { ...endpoint, ...change };
        assert.deepEqual(await endpoints.update(organizationId, endpoint.id, change), changed);
        assert.deepEqual(await endpoints.get(organizationId, endpoint.id), changed);
        const [one, two] = await Promise.all([
          endpoints.update(organizationId, endpoint.id, { description: 'by one', updatedAt }),
          endpoints.update(organizationId, endpoint.id, { timeoutMs: 77, updatedAt }),
        ]);
        assert.ok(one && two);
        const now = await endpoints.get(organizationId, endpoint.id);
        assert.deepEqual([now?.description, now?.timeoutMs], ['by one', 77]);
      }),
    );

    test(
      'a change made from what stands loses none that was made meanwhile; one that throws changes nothing',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const organizationId = await world.organization();
        const endpoint = newEndpoint(world, organizationId, { timeoutMs: 0 });
        await endpoints.create(endpoint);
        const updatedAt = addMs(world.clock.now(), 10);
        const add = () =>
          endpoints.update(organizationId, endpoint.id, (at) => ({ timeoutMs: at.timeoutMs + 1, updatedAt }));
        const refuse = () =>
          endpoints.update(organizationId, endpoint.id, () => {
            throw new Error('not so');
          });
        const outcomes = await Promise.allSettled([add(), add(), refuse(), add(), add()]);
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
        );
        assert.equal(String((outcomes[2] as PromiseRejectedResult).reason), 'Error: not so');
        assert.equal((await endpoints.get(organizationId, endpoint.id))?.timeoutMs, 4);
        const nobody = await endpoints.update(organizationId, world.ids.next<EndpointId>(), () =>
          assert.fail('there is nothing to change'),
        );
        assert.equal(nobody, undefined);
      }),
    );

    test(
      'the revision changes with every change of an endpoint, and with nothing else',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const seen = new Set([await endpoints.revision(ours)]);
        const isNew = async (): Promise<boolean> => {
          const { size } = seen;
          const revision = await endpoints.revision(ours);
          assert.equal(revision, endpointsRevision(await endpoints.all(ours)), 'as it can be told from the endpoints');
          return seen.add(revision).size > size;
        };
        const [first, second] = [newEndpoint(world, ours), newEndpoint(world, ours)];
        for (const endpoint of [first, second, newEndpoint(world, theirs)]) await endpoints.create(endpoint);
        assert.equal(await isNew(), true, 'two were made');
        assert.equal(await isNew(), false);
        await endpoints.update(ours, first.id, { description: 'x', updatedAt: addMs(first.updatedAt, 1) });
        assert.equal(await isNew(), true, 'one was changed within a millisecond');
        await endpoints.disable(second.id, 'gone', addMs(second.updatedAt, 7));
        assert.equal(await isNew(), true, 'one was disabled');
        await endpoints.recordHealth(first.id, false, world.clock.now());
        assert.equal(await isNew(), false, 'its health is no change');
        await endpoints.remove(ours, second.id);
        assert.equal(await isNew(), true, 'one was removed');
        await endpoints.create(newEndpoint(world, theirs));
        assert.equal(await isNew(), false, "another organization's are no change");
      }),
    );

    test(
      'stops an endpoint that is active, once',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const organizationId = await world.organization();
        const [active, paused] = [
          newEndpoint(world, organizationId),
          newEndpoint(world, organizationId, { status: 'paused' }),
        ];
        await endpoints.create(active);
        await endpoints.create(paused);
        const at = addMs(world.clock.now(), 3);
        assert.equal(await endpoints.disable(active.id, 'gone', at), true);
        assert.equal(await endpoints.disable(active.id, 'failing', at), false);
        assert.equal(await endpoints.disable(paused.id, 'gone', at), false);
        assert.equal(await endpoints.disable(world.ids.next(), 'gone', at), false);
        const stopped = { ...active, status: 'disabled', disabledReason: 'gone', updatedAt: at };
        assert.deepEqual(await endpoints.find([active.id, paused.id]), [stopped, paused]);
      }),
    );

    test(
      'removes an endpoint; its deliveries stay on record and are ended step by step',
      inWorld(newHarness, async (world) => {
        const { endpoints, deliveries } = world.engine.store;
        const { organizationId, endpointId } = await world.lane();
        const other = await world.lane();
        await endpoints.create(newEndpoint(world, organizationId, { id: endpointId }));
        await world.accept(organizationId, 7);
        await world.accept(other.organizationId, 1);
        const [flying, done] = await world.take(endpointId, 2);
        assert.ok(flying && done);
        await world.engine.queue.settle([settlement(done)]);
        assert.equal(await endpoints.remove(organizationId, endpointId), true);
        assert.equal(await endpoints.remove(organizationId, endpointId), false);
        assert.equal(await endpoints.get(organizationId, endpointId), undefined);
        world.clock.advance(5);
        const at = world.clock.now();
        const steps = [];
        for (let ended = -1; ended !== 0; steps.push(ended))
          ended = await endpoints.endWaiting(endpointId, 'canceled', at, 4);
        assert.deepEqual(steps, [4, 2, 0]);
        assert.deepEqual(await world.engine.queue.settle([settlement(flying)]), ['stale']);
        assert.deepEqual(await world.take(endpointId), []);
        const record = await deliveries.list(organizationId, ALL_DELIVERIES);
        assert.equal(record.filter(({ status }) => status === 'canceled').length, 6);
        for (const { id, status, nextAttemptAt, updatedAt } of record) {
          if (id !== done.id) assert.deepEqual([status, nextAttemptAt, updatedAt], ['canceled', null, at]);
        }
        assert.equal((await world.engine.queue.depth()).waiting, 1, 'the other one');
      }),
    );

    test(
      'lists in pages, newest first, each once, while others are added',
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const organizationId = await world.organization();
        const made: EndpointId[] = [];
        const add = async () => {
          world.clock.advance(1_000);
          const endpoint = newEndpoint(world, organizationId);
          await endpoints.create(endpoint);
          made.unshift(endpoint.id);
        };
        for (let count = 0; count < 7; count++) await add();
        const before = [...made];
        const seen: EndpointId[] = [];
        for (let page = await endpoints.list(organizationId, { ...WHOLE_LIST, limit: 3 }); page.length > 0; ) {
          seen.push(...page.map(({ id }) => id));
          await add();
          page = await endpoints.list(organizationId, { ...WHOLE_LIST, limit: 3, after: seen.at(-1) ?? null });
        }
        assert.deepEqual(seen, before);
        const [, newest] = await endpoints.list(organizationId, WHOLE_LIST);
        assert.ok(newest);
        const window = { ...WHOLE_LIST, from: addMs(newest.createdAt, -2_000), to: newest.createdAt };
        assert.deepEqual(
          (await endpoints.list(organizationId, window)).map(({ id }) => id),
          made.slice(2, 4),
        );
      }),
    );

    test(
      "another organization's endpoint is none",
      inWorld(newHarness, async (world) => {
        const { endpoints } = world.engine.store;
        const [ours, theirs] = [await world.organization(), await world.organization()];
        const endpoint = newEndpoint(world, ours, { isDefault: true });
        await endpoints.create(endpoint);
        assert.equal(await endpoints.get(theirs, endpoint.id), undefined);
        assert.deepEqual(await endpoints.list(theirs, WHOLE_LIST), []);
        assert.deepEqual(await endpoints.all(theirs), []);
        assert.equal(await endpoints.getDefault(theirs), undefined);
        const change = { url: 'https://evil.example/', updatedAt: world.clock.now() };
        assert.equal(await endpoints.update(theirs, endpoint.id, change), undefined);
        assert.equal(await endpoints.remove(theirs, endpoint.id), false);
        assert.deepEqual(await endpoints.get(ours, endpoint.id), endpoint);
      }),
    );
  });
}
