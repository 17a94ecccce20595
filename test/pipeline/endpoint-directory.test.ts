import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMs } from '../../src/core/time.ts';
import { EndpointDirectory } from '../../src/pipeline/accepting/endpoint-directory.ts';
import type { EndpointStore } from '../../src/ports/store/endpoint-store.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld } from '../conformance/world.ts';
import { newEndpoint } from '../support/new-endpoint.ts';

const MAX_AGE_MS = 10_000;

test(
  'a list that grew old is the same list while nothing has changed, and another one when something has, told of or not',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const { clock } = world;
    const organizationId = await world.organization();
    const endpoint = newEndpoint(world, organizationId);
    await store.endpoints.create(endpoint);
    const directory = new EndpointDirectory({ store: store.endpoints, bus, clock, maxAgeMs: MAX_AGE_MS });
    const before = await directory.of(organizationId);
    assert.deepEqual(before, [endpoint]);
    assert.equal(directory.of(organizationId), before, 'at once');

    clock.advance(MAX_AGE_MS + 1);
    const looked = directory.of(organizationId);
    assert.ok(looked instanceof Promise, 'too old to be trusted');
    assert.equal(await looked, before);
    assert.equal(directory.of(organizationId), before, 'young again');

    // As another process does it whose news was lost.
    const updatedAt = addMs(endpoint.updatedAt, 5);
    await store.endpoints.update(organizationId, endpoint.id, { description: 'new', updatedAt });
    assert.equal(directory.of(organizationId), before);
    clock.advance(MAX_AGE_MS + 1);
    const after = await directory.of(organizationId);
    assert.deepEqual(after, [{ ...endpoint, description: 'new', updatedAt }]);

    await store.endpoints.remove(organizationId, endpoint.id);
    await bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: endpoint.id });
    assert.deepEqual(await directory.of(organizationId), []);
  }),
);

test(
  'a change that is told of is looked up alone; all are read once, in pages',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const { clock } = world;
    const organizationId = await world.organization();
    for (let n = 0; n < 250; n++) await store.endpoints.create(newEndpoint(world, organizationId));
    const reads = { list: 0, find: 0 };
    const counting: EndpointStore = Object.assign(Object.create(store.endpoints) as EndpointStore, {
      list: (...args: Parameters<EndpointStore['list']>) => {
        reads.list++;
        return store.endpoints.list(...args);
      },
      find: (ids: Parameters<EndpointStore['find']>[0]) => {
        reads.find += ids.length;
        return store.endpoints.find(ids);
      },
      revision: (id: Parameters<EndpointStore['revision']>[0]) => store.endpoints.revision(id),
    });
    const directory = new EndpointDirectory({ store: counting, bus, clock, maxAgeMs: MAX_AGE_MS });
    const first = await directory.of(organizationId);
    assert.deepEqual(first, await store.endpoints.all(organizationId));
    assert.ok(reads.list > 1, 'in pages');
    const lists = reads.list;
    const lineage = directory.lineageOf(organizationId, first);

    const [one, other] = [first[7], first[200]];
    assert.ok(one !== undefined && other !== undefined);
    const change = async (description: string) => {
      clock.advance(3);
      await store.endpoints.update(organizationId, one.id, { description, updatedAt: clock.now() });
      await bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: one.id });
    };
    await change('a');
    await store.endpoints.remove(organizationId, other.id);
    await bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: other.id });
    const made = newEndpoint(world, organizationId);
    await store.endpoints.create(made);
    await bus.publish({ kind: 'endpoints_changed', organizationId, endpointId: made.id });
    const looking = directory.of(organizationId);
    await change('b');
    await looking;
    const after = await directory.of(organizationId);
    assert.deepEqual(after, await store.endpoints.all(organizationId));
    assert.equal(after[7]?.description, 'b');
    assert.equal(after[8], first[8], 'the others are the same');
    assert.equal(directory.lineageOf(organizationId, after), lineage);
    clock.advance(MAX_AGE_MS + 1);
    assert.equal(await directory.of(organizationId), after, 'known to be all of it when it grew old');
    assert.equal(reads.list, lists, 'nothing was read again');
    assert.ok(reads.find <= 5, `${reads.find} were looked up`);
  }),
);
