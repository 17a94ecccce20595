/** Where an event went and why, and what an endpoint would match. */

export { tracingRoutes } from './tracing.ts';
