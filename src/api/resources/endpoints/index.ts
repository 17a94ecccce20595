/** `/api/endpoints`, `/api/subscriptions` and `/api/webhook/config`. */

export { filterErrors } from './endpoint-options.ts';
export { endpointSecretRoutes } from './endpoint-secrets.ts';
export { endpointStatsRoute } from './endpoint-stats.ts';
export { endpointRoutes } from './endpoints.ts';
export { subscriptionRoutes } from './subscriptions.ts';
export { webhookConfigRoutes } from './webhook-config.ts';
