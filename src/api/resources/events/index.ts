/** `/api/events`: one, many, as CloudEvents or NDJSON; lists, exports, erasure. */

export { type EventAnswer, eventAnswer } from './event-answer.ts';
export { eventBatchRoutes } from './event-batches.ts';
export { readDeliveriesOf } from './event-deliveries.ts';
export { eventErasureRoutes } from './event-erasure.ts';
export { eventExportRoute } from './event-export.ts';
export { eventTypeRoutes } from './event-types.ts';
export { eventRoutes } from './events.ts';
