import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { operationalDedupId, wantsType } from '../../src/core/events/operational-event.ts';
import { EndpointsByType } from '../../src/pipeline/accepting/endpoints-by-type.ts';
import { Turns } from '../../src/pipeline/pacing/loop-turns.ts';
import { newSqliteHarness } from '../conformance/sqlite-harness.ts';
import { inWorld, type World } from '../conformance/world.ts';
import { newEndpoint } from '../support/new-endpoint.ts';

const PATTERNS = [
  [],
  ['*'],
  ['**'],
  ['order.*'],
  ['order.**', 'user.made'],
  ['order.paid'],
  ['*.paid'],
  ['delivery.failed'],
];
const TYPES = ['order.paid', 'order.paid.late', 'user.made', 'paid', 'delivery.failed', 'order'];

function endpoints(world: World, organizationId: Endpoint['organizationId']): Endpoint[] {
  return PATTERNS.map((eventTypes) => newEndpoint(world, organizationId, { eventTypes }));
}

function find(byType: EndpointsByType, all: readonly Endpoint[], event: AcceptedEvent): readonly Endpoint[] {
  const types = byType.of(all);
  const search = types.search(event);
  const turns = new Turns();
  let found = types.known(event);
  while (found === undefined) found = search.turn(turns);
  return found;
}

test(
  'finds those that want the type, asked once or often, of many types, and of what we tell ourselves',
  inWorld(newSqliteHarness, async (world) => {
    const organizationId = await world.organization();
    const all = endpoints(world, organizationId);
    const byType = new EndpointsByType();
    // More types than are kept: those of before are found anew.
    const many = Array.from({ length: 12_000 }, (_, n) => `order.n${n}`);
    for (const type of [...TYPES, ...TYPES, ...many, ...TYPES]) {
      for (const dedupId of [null, operationalDedupId('delivery.failed', '1')]) {
        const event = world.event(organizationId, { type, dedupId });
        const wanted = all.filter(({ eventTypes }) => wantsType(eventTypes, event));
        assert.deepEqual(find(byType, all, event), wanted, type);
      }
    }
  }),
);

test(
  'another list of endpoints is another answer',
  inWorld(newSqliteHarness, async (world) => {
    const organizationId = await world.organization();
    const byType = new EndpointsByType();
    const event = world.event(organizationId, { type: 'order.paid' });
    const before = endpoints(world, organizationId);
    assert.equal(find(byType, before, event).length, 6);
    const after = before.filter(({ eventTypes }) => eventTypes.length === 0);
    assert.deepEqual(find(byType, after, event), after);
    assert.deepEqual(find(byType, [], event), []);
  }),
);
