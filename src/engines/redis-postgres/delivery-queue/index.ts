/**
 * Lanes in Redis and the record in PostgreSQL: implements the ports `record/delivery-queue`, `record/redelivery` and
 * `record/repair`.
 */

export { DeliveryLanes } from './delivery-lanes.ts';
export { RedisPostgresDeliveryQueue } from './delivery-queue.ts';
export { DeliveryRecord } from './delivery-record.ts';
export { OrderingGroups } from './ordering-groups.ts';
export { RedisPostgresRedelivery } from './redelivery.ts';
export { DedupRepair, DeliveryRepair, OrderingRepair } from './repairs.ts';
