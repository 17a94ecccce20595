import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_OPTIONS, type Endpoint } from '../../src/core/delivery/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../src/core/ids.ts';
import { Lane } from '../../src/pipeline/delivering/lanes/lane.ts';
import { ReadyLanes } from '../../src/pipeline/delivering/lanes/ready-lanes.ts';
import { Slots } from '../../src/pipeline/delivering/lanes/slots.ts';
import type { ClaimedDelivery } from '../../src/ports/record/delivery-queue.ts';

function noFault(_lane: Lane, error: unknown): void {
  throw error;
}

let made = 0;

function lane(organization: string, { proven = true, suspect = false, maxConcurrency = 10 } = {}): Lane {
  const one = new Lane(`endpoint ${made++}` as EndpointId);
  const timeoutMs = 1_000;
  // Only what is looked at here.
  one.endpoint = {
    organizationId: organization as OrganizationId,
    status: 'active',
    maxConcurrency,
    timeoutMs,
    options: DEFAULT_OPTIONS,
  } as Endpoint;
  const answer = { durationMs: 1, errorDetail: null, responseExcerpt: null, retryAfterMs: null };
  if (proven) one.recordOutcome({ ...answer, statusCode: 200, error: null }, 0);
  const hang = { ...answer, statusCode: null, error: 'timeout' } as const;
  if (suspect) for (const _ of [1, 2]) one.recordOutcome(hang, 0);
  return one;
}

function ready(...lanes: readonly Lane[]): ReadyLanes {
  const all = new ReadyLanes();
  for (const one of lanes) all.add(one);
  return all;
}

function many(count: number, make: () => Lane): Lane[] {
  return Array.from({ length: count }, make);
}

function delivery(n: number, characters: number): ClaimedDelivery {
  // Only what is looked at here.
  return { id: String(n), event: { data: 'x'.repeat(characters) } } as unknown as ClaimedDelivery;
}

/** Takes what is there, as attempts that never end. @returns how many */
function fill(slots: Slots, lanes: ReadyLanes): number {
  const byId = new Map([...lanes.roundRobin()].map((one) => [one.endpointId, one]));
  let used = 0;
  for (let demands = slots.demands(lanes, 0, noFault); demands.length > 0; demands = slots.demands(lanes, 0, noFault)) {
    for (const { endpointId, limit } of demands) {
      const one = byId.get(endpointId);
      for (let n = 0; n < limit && one !== undefined; n++) {
        slots.use(one);
        one.inFlight++;
        used++;
      }
    }
  }
  return used;
}

describe('slots', () => {
  test('organizations take turns, however many lanes each has', () => {
    const lanes = ready(...many(50, () => lane('big', { maxConcurrency: 100 })), lane('small'));
    const [first, second] = new Slots(4_000).demands(lanes, 0, noFault);
    const small = [first, second].filter((demand) => demand?.limit === 10);
    assert.equal(small.length, 1, 'the small one is second at the latest');
  });

  test('one organization never has them all', () => {
    const slots = new Slots(400);
    assert.equal(fill(slots, ready(...many(100, () => lane('big')))), 300);
    assert.equal(fill(slots, ready(lane('small'))), 10);
  });

  test('those that hang have a quarter, those that are unknown and those together three', () => {
    const suspects = new Slots(400);
    assert.equal(fill(suspects, ready(...many(300, () => lane(`${made}`, { suspect: true })))), 100);
    const unknown = new Slots(400);
    const hundreds = () => ready(...many(900, () => lane(`${made}`, { proven: false })));
    assert.equal(fill(unknown, hundreds()), 300);
    assert.equal(fill(unknown, ready(...many(10, () => lane(`${made}`)))), 100);
  });

  test('where all are used, an organization that has none gets one all the same, if its endpoint answers', () => {
    const slots = new Slots(400);
    fill(slots, ready(...many(100, () => lane('one')), ...many(100, () => lane('two'))));
    assert.equal(fill(slots, ready(...many(5, () => lane('three')))), 1);
    assert.equal(fill(slots, ready(...many(5, () => lane('three')))), 0);
    assert.equal(fill(slots, ready(lane('four', { proven: false }), lane('five', { suspect: true }))), 0);
    assert.equal(fill(slots, ready(...many(500, () => lane(`${made}`)))), 99, 'a quarter more than all is the end');
  });

  test('payloads are bounded in all and per organization; excess deliveries are claimed later', () => {
    const slots = new Slots(4_000, 1_000_000);
    const big = lane('big', { maxConcurrency: 100 });
    const held = Array.from({ length: 20 }, (_, n) => delivery(n, 99_000)).filter((one) => slots.hold(big, one));
    assert.equal(held.length, 5, 'half of a million characters');
    assert.deepEqual(slots.demands(ready(big), 0, noFault), []);
    assert.equal(slots.hasDemand(ready(big), 0), false, 'that is no stall');
    assert.equal(fill(slots, ready(lane('small'))), 10);
    for (const one of held.slice(0, 2)) slots.release(one);
    const [demand] = slots.demands(ready(big), 0, noFault);
    assert.equal(demand?.limit, 2, 'by what its deliveries mostly are');
  });

  test('a delivery larger than all that there is can be held by an organization that holds none', () => {
    const slots = new Slots(400, 1_000);
    const one = lane('one');
    assert.equal(slots.hold(one, delivery(1, 250_000)), true);
    assert.equal(slots.hold(one, delivery(2, 250_000)), false);
  });

  test('a few unknown ones have all of their concurrency, many have one attempt each', () => {
    assert.equal(fill(new Slots(4_000), ready(...many(10, () => lane(`${made}`, { proven: false })))), 100);
    const slots = new Slots(4_000);
    fill(slots, ready(...many(110, () => lane(`${made}`, { proven: false }))));
    assert.equal(fill(slots, ready(...many(50, () => lane(`${made}`, { proven: false })))), 50);
  });

  test('a lane that can start nothing is ready no more', () => {
    const paused = lane('a');
    paused.endpoint = { ...paused.endpoint, status: 'paused' } as Endpoint;
    const lanes = ready(paused);
    assert.deepEqual(new Slots(10).demands(lanes, 0, noFault), []);
    assert.equal(lanes.size, 0);
  });
});
