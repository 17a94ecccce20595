import { randomFillSync } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint } from '../src/core/endpoint.ts';
import type { AcceptedEvent } from '../src/core/event.ts';
import { type DeliveryId, type EndpointId, type EventId, IdSource, type OrganizationId } from '../src/core/ids.ts';
import type { JsonText } from '../src/core/json-text.ts';
import { timestamp } from '../src/core/time.ts';
import type { EndpointDirectory } from '../src/pipeline/endpoint-directory.ts';
import { createFanOut } from '../src/pipeline/fan-out.ts';
import { claim } from './support/claims.ts';
import { numbersOf } from './support/processes.ts';

/**
 * Finding who wants an event among many endpoints, of which ten want each type, against a floor that knows the ten and only makes
 * their deliveries.
 */
const [ENDPOINTS = 10_000, ROUNDS = 5, EVENTS = 20_000] = numbersOf(process.argv.slice(2));
const WANTING = 10;

const ids = new IdSource(() => timestamp(Date.now()), randomFillSync);
const organizationId = ids.next<OrganizationId>();
const endpoints = Array.from({ length: ENDPOINTS }, (_, n) => endpoint([`type${n % (ENDPOINTS / WANTING)}.**`]));
const directory = { of: () => endpoints } as unknown as EndpointDirectory;
const fanOut = createFanOut(directory, ids);
const events = Array.from({ length: EVENTS }, (_, n) => event(`type${n % 100}.made`));

const ratios: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const bare = perSecond(() => Array.from({ length: WANTING }, () => ({ id: ids.next<DeliveryId>() })).length);
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
  return { id: ids.next<EventId>(), organizationId, type, data, createdAt: timestamp(Date.now()), ...nothing };
}

function endpoint(eventTypes: string[]): Endpoint {
  const at = timestamp(Date.now());
  return {
    id: ids.next<EndpointId>(),
    organizationId,
    url: 'http://localhost/',
    description: '',
    eventTypes,
    headers: {},
    maxConcurrency: 10,
    retryPolicy: { maxAttempts: 5, schedule: [1_000] },
    timeoutMs: 1_000,
    status: 'active',
    disabledReason: null,
    secret: '',
    previousSecret: null,
    failingSince: null,
    options: DEFAULT_OPTIONS,
    isDefault: false,
    createdAt: at,
    updatedAt: at,
  };
}
