/** What was sent to whom, and how it went. */
export { type DeliveryPage, SqlDeliveryStore } from './delivery-store.ts';
