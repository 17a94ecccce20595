import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_OPTIONS } from '../../src/core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import type { EventFilter } from '../../src/core/filter/filter.ts';
import type { OrganizationId } from '../../src/core/ids.ts';
import { parseExactJson } from '../../src/core/json/exact-json.ts';
import type { JsonText } from '../../src/core/json/json-text.ts';
import { EndpointDirectory } from '../../src/pipeline/accepting/endpoint-directory.ts';
import { createFanOut } from '../../src/pipeline/accepting/fan-out.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld, type World } from '../conformance/world.ts';
import { newEndpoint } from '../support/new-endpoint.ts';

/** 40,000 objects: each of the filters below takes 80,000 steps. */
const LARGE = `[${Array(40_000).fill('{"a":1}').join(',')}]` as JsonText;
const ENDPOINTS = 100;

async function organizationWithFilters(world: World, filter: string): Promise<OrganizationId> {
  const organizationId = await world.organization();
  for (let n = 0; n < ENDPOINTS; n++) {
    const options = { ...DEFAULT_OPTIONS, filter: parseExactJson(filter) as EventFilter };
    await world.engine.store.endpoints.create(newEndpoint(world, organizationId, { options }));
  }
  return organizationId;
}

test(
  'filters that take long take turns: others go on, and what comes later waits',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const directory = new EndpointDirectory({ store: store.endpoints, bus, clock: world.clock, maxAgeMs: 60_000 });
    const fanOut = createFanOut(directory, world.ids);
    const busy = await organizationWithFilters(world, '{"data.a":1}');
    const calm = await organizationWithFilters(world, '{"data.a":1}');
    const small = (organizationId: OrganizationId) => world.event(organizationId, { data: '{"a":1}' as JsonText });
    // Loads both.
    assert.equal((await fanOut(small(busy))).length, ENDPOINTS);
    assert.equal((await fanOut(small(calm))).length, ENDPOINTS);
    assert.ok(Array.isArray(fanOut(small(busy))), 'what takes little is answered at once');

    let isOver = false;
    const large = Promise.resolve(fanOut(world.event(busy, { data: LARGE }))).finally(() => {
      isOver = true;
    });
    const next = fanOut(small(busy));
    const last = fanOut(small(busy));
    let turns = 0;
    while (!isOver) {
      assert.ok(Array.isArray(fanOut(small(calm))), 'another organization does not wait');
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    assert.ok(turns > ENDPOINTS / 4, `${turns} turns`);
    const all = [await large, await next, await last];
    for (const deliveries of all) assert.equal(deliveries.length, ENDPOINTS);
    const ids = all.flat().map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted(), 'ids are in the order of the calls');
    assert.ok(Array.isArray(fanOut(small(busy))), 'nothing is left that would have to be waited for');
  }),
);

test(
  'an event that breaks a fan-out does not hold up the next',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const directory = new EndpointDirectory({ store: store.endpoints, bus, clock: world.clock, maxAgeMs: 60_000 });
    const fanOut = createFanOut(directory, world.ids);
    const organizationId = await organizationWithFilters(world, '{"data.a":1}');
    const event: AcceptedEvent = world.event(organizationId, { data: '{"a":1}' as JsonText });
    await fanOut(event);
    const large = fanOut({ ...event, data: LARGE });
    const broken = fanOut({ ...event, data: 'no JSON' as JsonText });
    const next = fanOut(event);
    assert.equal((await large).length, ENDPOINTS);
    await assert.rejects(async () => broken, SyntaxError);
    assert.equal((await next).length, ENDPOINTS);
  }),
);

test(
  'patterns that take long take turns, once for each type',
  inWorld(newSqliteHarness, async (world) => {
    const { bus, store } = world.engine;
    const directory = new EndpointDirectory({ store: store.endpoints, bus, clock: world.clock, maxAgeMs: 60_000 });
    const fanOut = createFanOut(directory, world.ids);
    const organizationId = await world.organization();
    const long = Array(100).fill(`${'**.'.repeat(50)}*.b`);
    for (let n = 0; n < ENDPOINTS; n++) {
      const eventTypes = n === 0 ? ['**'] : long;
      await store.endpoints.create(newEndpoint(world, organizationId, { eventTypes }));
    }
    await directory.of(organizationId);
    const event = (type: string) => world.event(organizationId, { type });
    const first = fanOut(event('a.a.a'));
    assert.ok(first instanceof Promise, 'others have the event loop in between');
    assert.equal((await first).length, 1);
    const again = fanOut(event('a.a.a'));
    assert.ok(Array.isArray(again), 'nobody looks at the patterns again');
    assert.equal(again.length, 1);
    assert.equal((await fanOut(event('a.b'))).length, ENDPOINTS);
  }),
);
