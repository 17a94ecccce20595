/** From a valid request to a durable event with its deliveries: ids, times, and fan-out to endpoints. */

export { EndpointDirectory } from './endpoint-directory.ts';
export { type Acceptance, EventAcceptor, type Origin } from './event-acceptor.ts';
export { createFanOut, orderingGroup } from './fan-out.ts';
export { OperationalEvents } from './operational-events.ts';
export { logPersisted } from './persisted-log.ts';
