/** Lanes in Redis, the record in PostgreSQL: the ports `record/delivery-queue`, `redelivery` and `repair`. */

export { DeliveryLanes } from './delivery-lanes.ts';
export { RedisPostgresDeliveryQueue } from './delivery-queue.ts';
export { DeliveryRecord } from './delivery-record.ts';
export { OrderingGroups } from './ordering-groups.ts';
export { RedisPostgresRedelivery } from './redelivery.ts';
export { DedupRepair, DeliveryRepair, OrderingRepair } from './repairs.ts';
