/** Administered things and lists: the other ports of `store/`. */

export { PostgresAuditStore } from './audit-store.ts';
export { PostgresDeliveryStore } from './delivery-store.ts';
export { PostgresEndpointStore } from './endpoint-store.ts';
export { PostgresErasureStore } from './erasure-store.ts';
export { PostgresEventStore } from './event-store.ts';
export { PostgresIdempotencyStore } from './idempotency-store.ts';
export { PostgresJobStore } from './job-store.ts';
export { PostgresNotificationStore } from './notification-store.ts';
export { PostgresOrganizationStore } from './organization-store.ts';
export { openSecretBox, PostgresSecretRecord } from './secret-record.ts';
