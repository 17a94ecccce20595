/** Implements the ports `record/delivery-queue` and `record/redelivery`. */

export { SqliteDeliveryQueue } from './delivery-queue.ts';
export { OrderingGroups } from './ordering-groups.ts';
export { SqliteRedelivery } from './redelivery.ts';
export { resetLeases } from './reset-leases.ts';
