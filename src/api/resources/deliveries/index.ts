/** `/api/deliveries`, replays and jobs. */

export { deliveryRoutes } from './deliveries.ts';
export { jobRoutes } from './jobs.ts';
export { redeliveryRoutes } from './redelivery.ts';
