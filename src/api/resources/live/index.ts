/** `/api/stream`: server-sent events. */

export { streamRoutes } from './stream.ts';
