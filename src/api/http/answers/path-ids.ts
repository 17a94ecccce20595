import type { onRequestHookHandler } from 'fastify';
import { canonicalId } from '../../../core/ids.ts';

/** Where the parameter may be a name as well: names keep their case. */
const BY_NAME_TOO = /^\/trigger-inbox\//;

/** A UUID is the same in either case (RFC 9562, section 4), and the stores know the lower one: before any route looks. */
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
