/** Traces of events, and previews of filters. */

export { tracingRoutes } from './tracing.ts';
