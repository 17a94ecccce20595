/** From an accepted request to an event with its deliveries: ids, times, and fan-out to endpoints. */

export { EndpointDirectory } from './endpoint-directory.ts';
export { type Acceptance, AcceptStation, type Origin } from './event-acceptor.ts';
export { createFanOut, orderGroup } from './fan-out.ts';
export { OperationalEvents } from './operational-events.ts';
export { logPersisted } from './persisted-log.ts';
