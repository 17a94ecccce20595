import type { FastifyInstance } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import type { AuditEntry } from '../../../core/administration/audit.ts';
import { toIso } from '../../../core/time.ts';
import type { ApiParts } from '../../context.ts';
import { ListPage, PAGE_QUERY, readPage, TIME_QUERY } from '../../http/lists/index.ts';

const AuditQuery = { type: 'object', properties: { ...PAGE_QUERY, ...TIME_QUERY } } as const;

/** The route of the audit log: changes in an organization, kept for 400 days. */
export function auditRoutes(app: FastifyInstance, { engine, reads }: ApiParts): void {
  app.get<{ Querystring: FromSchema<typeof AuditQuery> }>(
    '/api/audit',
    { schema: { querystring: AuditQuery } },
    async (request) => {
      const { id } = request.caller.organization;
      const page = new ListPage(id, 'audit', request.query, []);
      const { rows, nextCursor } = await readPage(reads, id, page, {
        read: ({ limit, after }) => engine.store.audit.list(id, { ...page.request, limit, after }),
        idOf: (entry) => entry.id,
        dataOf: () => null,
      });
      return { data: rows.map(entryView), next_cursor: nextCursor };
    },
  );
}

function entryView(entry: AuditEntry) {
  return {
    id: entry.id,
    action: entry.action,
    target: entry.target,
    actor: entry.key === null ? { kind: 'administrator' } : { kind: 'key', key_id: entry.key.id, name: entry.key.name },
    fields: entry.fields,
    request_id: entry.requestId,
    address: entry.address,
    created_at: toIso(entry.createdAt),
  };
}
