/** How the shared stores (engines/stores) reach this engine, and the stores that are its own. */

export { SqliteDeliveryStore } from './delivery-store.ts';
export { SqliteEndpointStore } from './endpoint-store.ts';
export { SqliteErasureStore } from './erasure-store.ts';
export { SqliteEventStore } from './event-store.ts';
export { SqliteIdempotencyStore } from './idempotency-store.ts';
export { knownKeyIds, openSecretBox, SqliteSecretRecord } from './secret-record.ts';
export { SqliteStatements } from './statement-runner.ts';
