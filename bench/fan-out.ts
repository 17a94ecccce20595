import type { AcceptedEvent } from '../src/core/events/event.ts';
import type { DeliveryId, EventId, OrganizationId } from '../src/core/ids.ts';
import type { JsonText } from '../src/core/json/json-text.ts';
import type { EndpointDirectory } from '../src/pipeline/accepting/endpoint-directory.ts';
import { createFanOut } from '../src/pipeline/accepting/fan-out.ts';
import { newEndpoint } from '../test/support/new-endpoint.ts';
import { claim } from './support/claims.ts';
import { CLOCK, IDS } from './support/events.ts';
import { numbersOf } from './support/processes.ts';

/**
 * Finding who wants an event among many endpoints, of which ten want each type, against a floor that knows the ten and only makes
 * their deliveries.
 */
const [ENDPOINTS = 10_000, ROUNDS = 5, EVENTS = 20_000] = numbersOf(process.argv.slice(2));
const WANTING = 10;

const organizationId = IDS.next<OrganizationId>();
const world = { clock: CLOCK, ids: IDS };
const endpoints = Array.from({ length: ENDPOINTS }, (_, n) =>
  newEndpoint(world, organizationId, { eventTypes: [`type${n % (ENDPOINTS / WANTING)}.**`] }),
);
const directory = { of: () => endpoints } as unknown as EndpointDirectory;
const fanOut = createFanOut(directory, IDS);
const events = Array.from({ length: EVENTS }, (_, n) => event(`type${n % 100}.made`));

const ratios: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const bare = perSecond(() => Array.from({ length: WANTING }, () => ({ id: IDS.next<DeliveryId>() })).length);
  const ours = perSecond((each) => (fanOut(each) as readonly unknown[]).length);
  if (round > 0) ratios.push(ours / bare);
  console.log(
    `bare ${bare.toFixed(0)}/s  fan-out among ${ENDPOINTS} ${ours.toFixed(0)}/s  ratio ${(ours / bare).toFixed(2)}`,
  );
}
const name = `fan-out to ${WANTING} of ${ENDPOINTS} / bare`;
claim({ name, engine: 'both', unit: 'ratio', values: ratios, bound: { atLeast: 0.3 } });

function perSecond(work: (event: AcceptedEvent) => number): number {
  const startedAt = performance.now();
  for (const each of events) if (work(each) !== WANTING) throw new Error('not those that want it');
  return (EVENTS * 1_000) / (performance.now() - startedAt);
}

function event(type: string): AcceptedEvent {
  const nothing = { dedupId: null, orderingKey: null, deliverAt: null, traceparent: null, hops: 0 };
  const data = '{"n":1}' as JsonText;
  return { id: IDS.next<EventId>(), organizationId, type, data, createdAt: CLOCK.now(), ...nothing };
}
