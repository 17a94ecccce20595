/** Claims, settles and redelivers: the ports `record/delivery-queue` and `record/redelivery`. */

export { SqliteDeliveryQueue } from './delivery-queue.ts';
export { OrderTurns } from './order-turns.ts';
export { SqliteRedelivery } from './redelivery.ts';
export { voidLeases } from './reset-leases.ts';
