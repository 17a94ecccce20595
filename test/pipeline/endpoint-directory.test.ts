import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMs } from '../../src/core/time.ts';
import { EndpointDirectory } from '../../src/pipeline/accepting/endpoint-directory.ts';
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
