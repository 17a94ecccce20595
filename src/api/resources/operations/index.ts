/** Routes of health, metrics, API documentation and the dashboard. */
export { dashboardRoutes } from './dashboard.ts';
export { documentRoutes } from './documents.ts';
export { healthRoutes, publicHealthRoutes } from './health.ts';
export { metricsRoute } from './metrics.ts';
