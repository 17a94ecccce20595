/** `POST /api/events` in its plain form, beside Fastify: see docs/decisions/performance.md for what it saves. */

export { openFastPath } from './fast-path.ts';
