import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { AcceptedEvent } from '../../src/core/events/event.ts';
import { operationalDedupId, wantsType } from '../../src/core/events/operational-event.ts';
import { EndpointsByType } from '../../src/pipeline/accepting/endpoints-by-type.ts';
import { LoopTurns } from '../../src/pipeline/pacing/loop-turns.ts';
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

function find(
  byType: EndpointsByType,
  all: readonly Endpoint[],
  event: AcceptedEvent,
  lineage: object = all,
): readonly Endpoint[] {
  const types = byType.of(all, lineage);
  const search = types.search(event);
  const turns = new LoopTurns();
  let found = types.known(event);
  while (found === undefined) found = search.advance(turns);
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

test(
  'a list in which a few have changed is asked about these alone, and answers as if it were asked anew',
  inWorld(newSqliteHarness, async (world) => {
    const organizationId = await world.organization();
    const byType = new EndpointsByType();
    const lineage = {};
    let all = [...endpoints(world, organizationId), ...endpoints(world, organizationId)];
    const events = TYPES.flatMap((type) =>
      [null, operationalDedupId('delivery.failed', '1')].map((dedupId) =>
        world.event(organizationId, { type, dedupId }),
      ),
    );
    let random = 1;
    const next = (below: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % below;
    };
    for (let change = 0; change < 2_000; change++) {
      const place = next(all.length);
      const before = all[place] as Endpoint;
      const others = all.filter((_, at) => at !== place);
      const changed = { ...before, eventTypes: PATTERNS[next(PATTERNS.length)] ?? [] };
      const kind = next(10);
      if (kind === 0 && all.length > 4) all = others;
      else if (kind === 1 && all.length < 30) all = [...all, ...endpoints(world, organizationId).slice(0, 1)];
      else all = all.map((endpoint) => (endpoint === before ? changed : endpoint));
      // A search that began with the list before goes on with that one.
      const [first] = events;
      const under = first === undefined ? undefined : byType.of(all, lineage).search(first);
      for (const event of change % 7 === 0 ? events : events.slice(0, 2)) {
        const wanted = all.filter(({ eventTypes }) => wantsType(eventTypes, event));
        assert.deepEqual(find(byType, all, event, lineage), wanted, event.type);
      }
      const listBefore = all;
      all = all.slice(1);
      byType.of(all, lineage);
      const wanted = listBefore.filter(({ eventTypes }) => wantsType(eventTypes, first as AcceptedEvent));
      assert.deepEqual(under?.advance(new LoopTurns()), wanted);
      all = listBefore;
    }
  }),
);
