/** Administered things and lists: the other ports of `store/`. */

export { SqliteAuditStore } from './audit-store.ts';
export { SqliteDeliveryStore } from './delivery-store.ts';
export { SqliteEndpointStore } from './endpoint-store.ts';
export { SqliteErasureStore } from './erasure-store.ts';
export { SqliteEventStore } from './event-store.ts';
export { SqliteIdempotencyStore } from './idempotency-store.ts';
export { SqliteJobStore } from './job-store.ts';
export { SqliteNotificationStore } from './notification-store.ts';
export { SqliteOrganizationStore } from './organization-store.ts';
export { knownKeyIds, openSecretBox, SqliteSecretRecord } from './secret-record.ts';
