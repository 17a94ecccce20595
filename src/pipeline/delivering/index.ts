/** Sends due deliveries: claims them, makes attempts, and applies the outcomes to deliveries and endpoints. */

export { Deliverer } from './deliverer.ts';
export { EndpointTester } from './endpoint-tester.ts';
export { webhookRequest } from './webhook-request.ts';
