import type { FastifyInstance } from 'fastify';
import { uuidv7Time } from '../../../core/ids.ts';
import { DEFAULT_LIST_LIMIT } from '../../../core/limits.ts';
import { toIso } from '../../../core/time.ts';
import type { EventStore } from '../../../ports/store/event-store.ts';
import type { ApiParts } from '../../context.ts';
import {
  decodeTextCursor,
  encodeTextCursor,
  PAGE_QUERY,
  type Piece,
  readLong,
  readRows,
} from '../../http/lists/index.ts';

/** Events of a type are counted exactly up to here, because counting costs time for each event. */
const COUNT_UP_TO = 1_000;
/** Types that are counted in one query: 20,000 entries of an index, some ms. */
const TYPES_PIECE = 20;

type CountedType = Awaited<ReturnType<EventStore['types']>>[number];

/** The route that lists event types. */
export function eventTypeRoutes(app: FastifyInstance, { engine, reads }: ApiParts): void {
  app.get<{ Querystring: { limit?: number; cursor?: string } }>(
    '/api/event-types',
    { schema: { querystring: { type: 'object', properties: PAGE_QUERY } } },
    async (request) => {
      const { id: organizationId } = request.caller.organization;
      const { limit = DEFAULT_LIST_LIMIT, cursor } = request.query;
      const scope = { organizationId, query: 'event-types' };
      const after = decodeTextCursor(scope, cursor) ?? '';
      const found = await readLong(reads, organizationId, async () => {
        const reader = {
          read: ({ limit, after }: Piece) =>
            engine.store.events.types(organizationId, { after: after ?? '', limit, countUpTo: COUNT_UP_TO + 1 }),
          idOf: ({ type }: CountedType) => type,
          dataOf: () => null,
          pieceRows: TYPES_PIECE,
        };
        return (await readRows(reads, organizationId, { limit: limit + 1, after }, reader)).rows;
      });
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      return {
        data: rows.map(({ type, lastId, events }) => ({
          type,
          events: Math.min(events, COUNT_UP_TO),
          more: events > COUNT_UP_TO,
          last_at: toIso(uuidv7Time(lastId)),
        })),
        next_cursor: found.length > limit && last !== undefined ? encodeTextCursor(scope, last.type) : null,
      };
    },
  );
}
