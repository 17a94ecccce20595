/** Where webhooks go. */
export { SqlEndpointStore } from './endpoint-store.ts';
