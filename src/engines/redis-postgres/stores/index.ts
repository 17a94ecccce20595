/** How the shared stores (engines/stores) reach this engine, and the stores that are its own. */

export { PostgresDeliveryStore } from './delivery-store.ts';
export { PostgresEndpointStore } from './endpoint-store.ts';
export { PostgresErasureStore } from './erasure-store.ts';
export { PostgresEventStore } from './event-store.ts';
export { PostgresIdempotencyStore } from './idempotency-store.ts';
export { openSecretBox, PostgresSecretRecord } from './secret-record.ts';
export { PostgresStatements } from './statement-runner.ts';
