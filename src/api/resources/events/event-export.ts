import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { AcceptedEvent } from '../../../core/events/event.ts';
import type { OrganizationId } from '../../../core/ids.ts';
import { READ_PIECE_BYTES, READ_PIECE_ROWS } from '../../../core/limits.ts';
import { fillsPage } from '../../../core/page-bytes.ts';
import type { ByteBound, PageRequest } from '../../../ports/store/page.ts';
import type { ApiParts } from '../../context.ts';
import { ProblemError } from '../../http/answers/index.ts';
import { ListPage, TIME_QUERY } from '../../http/lists/index.ts';
import { eventJson } from '../views/index.ts';
import { CSV_HEAD, eventCsv } from './event-csv.ts';

const ExportQuery = {
  type: 'object',
  properties: { ...TIME_QUERY, type: { type: 'string' }, format: { enum: ['ndjson', 'csv'], default: 'ndjson' } },
} as const;

/** Maximum number of concurrent exports of one organization in one process. */
const MAX_UNDER_WAY = 2;
const FORMATS = {
  ndjson: { type: 'application/x-ndjson', head: '', line: ndjsonLine },
  csv: { type: 'text/csv; charset=utf-8', head: CSV_HEAD, line: eventCsv },
} as const;

type EventPage = PageRequest & ByteBound;

/** Exports all events, or those of a type and time, as a stream in constant memory, newest first. */
export function eventExportRoute(app: FastifyInstance, { engine, clock, reads }: ApiParts): void {
  const underWay = new Map<OrganizationId, number>();

  app.get<{ Querystring: FromSchema<typeof ExportQuery> }>(
    '/api/events/export',
    { schema: { querystring: ExportQuery } },
    async (request, reply) => {
      const { id } = request.caller.organization;
      const { format = 'ndjson', type = null, from, to } = request.query;
      const times = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const page = new ListPage(id, 'export', times, []).request;
      reply.header('content-type', FORMATS[format].type);
      reply.header('content-disposition', `attachment; filename="events.${format}"`);
      if (request.method === 'HEAD') return reply.send();
      const before = underWay.get(id) ?? 0;
      if (before >= MAX_UNDER_WAY) throw tooMany();
      underWay.set(id, before + 1);
      // Events accepted during the export are excluded, or it might never end.
      const range = { ...page, to: page.to ?? clock.now() };
      const read = (piece: EventPage) => reads.piece(id, () => engine.store.events.list(id, { ...piece, type }));
      const stream = Readable.from(lines(read, range, FORMATS[format]), { objectMode: false, highWaterMark: 65_536 });
      stream.once('close', () => {
        const left = (underWay.get(id) ?? 1) - 1;
        if (left === 0) underWay.delete(id);
        else underWay.set(id, left);
      });
      return reply.send(stream);
    },
  );
}

async function* lines(
  read: (piece: EventPage) => Promise<AcceptedEvent[]>,
  range: PageRequest,
  { head, line }: { readonly head: string; readonly line: (event: AcceptedEvent) => string },
): AsyncGenerator<string> {
  if (head !== '') yield head;
  let { after } = range;
  while (true) {
    const events = await read({ ...range, limit: READ_PIECE_ROWS, after, maxBytes: READ_PIECE_BYTES });
    if (events.length > 0) yield events.map(line).join('');
    if (events.length < READ_PIECE_ROWS && !fillsPage(events, READ_PIECE_BYTES)) return;
    after = events.at(-1)?.id ?? null;
  }
}

/** A line break in `data` is always between two tokens: in a string it would be escaped. */
function ndjsonLine(event: AcceptedEvent): string {
  return `${eventJson(event).replace(/[\r\n]+/g, ' ')}\n`;
}

function tooMany(): ProblemError {
  const detail = `An organization may run ${MAX_UNDER_WAY} exports at a time.`;
  return new ProblemError({ code: 'rate_limited', detail, retryAfterSeconds: 10 });
}
