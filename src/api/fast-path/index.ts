/** Plain `POST /api/events` requests, answered beside Fastify. docs/decisions/performance.md has the measurements. */

export { openFastPath } from './fast-path.ts';
