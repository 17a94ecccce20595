/** Lanes in Redis, the record in PostgreSQL: the ports `record/delivery-queue`, `redelivery` and `repair`. */

export { DeliveryLanes } from './delivery-lanes.ts';
export { LanesAndRecord } from './delivery-queue.ts';
export { DeliveryRecord } from './delivery-record.ts';
export { OrderTurns } from './order-turns.ts';
export { LanesRedelivery } from './redelivery.ts';
export { DedupRepair, DeliveryRepair, TurnRepair } from './repairs.ts';
