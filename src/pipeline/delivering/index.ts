/** Sends due deliveries: claims, attempts, and what their outcomes mean for an endpoint. */

export { Deliverer } from './deliverer.ts';
export { EndpointTester } from './endpoint-tester.ts';
export { webhookRequest } from './webhook-request.ts';
