import type { onRequestHookHandler } from 'fastify';
import { canonicalId } from '../../../core/ids.ts';

/** Routes whose parameter may also be a name. Names keep their case. */
const BY_NAME_TOO = /^\/trigger-inbox\//;

/**
 * Lowers the case of UUIDs in paths before any route reads them. Either case is the same UUID (RFC 9562, section 4), and the
 * stores use the lower one.
 */
export const lowerPathIds: onRequestHookHandler = (request, _reply, done) => {
  const params = request.params as Record<string, string>;
  if (!BY_NAME_TOO.test(request.routeOptions.url ?? '')) {
    for (const name of ['id', 'event_id']) {
      const given = params[name];
      if (given !== undefined) params[name] = canonicalId(given);
    }
  }
  done();
};
