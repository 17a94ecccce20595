import type { FastifyInstance } from 'fastify';
import type { JobId } from '../../../core/ids.ts';
import type { ApiParts } from '../../context.ts';
import { NOT_FOUND, ProblemError, problemError } from '../../http/answers/index.ts';
import { ListPage, PAGE_QUERY, TIME_QUERY } from '../../http/lists/index.ts';
import { jobView } from '../views/index.ts';

const JobQuery = { type: 'object', properties: { ...PAGE_QUERY, ...TIME_QUERY } } as const;

/** Routes of background jobs: progress and cancellation. */
export function jobRoutes(app: FastifyInstance, { engine, clock }: ApiParts): void {
  const { jobs } = engine.store;

  app.get<{ Querystring: Record<string, never> }>(
    '/api/jobs',
    { schema: { querystring: JobQuery } },
    async (request) => {
      const { id } = request.caller.organization;
      const page = new ListPage(id, 'jobs', request.query, []);
      const found = await jobs.list(id, { ...page.request, limit: page.request.limit + 1 });
      const { rows, nextCursor } = page.cut(found, (job) => job.id);
      return { data: rows.map(jobView), next_cursor: nextCursor };
    },
  );

  app.get<{ Params: { id: JobId } }>('/api/jobs/:id', async (request) => {
    const job = await jobs.get(request.caller.organization.id, request.params.id);
    if (job === undefined) throw new ProblemError(NOT_FOUND);
    return jobView(job);
  });

  app.post<{ Params: { id: JobId } }>('/api/jobs/:id/cancel', async (request) => {
    const job = await jobs.get(request.caller.organization.id, request.params.id);
    if (job === undefined) throw new ProblemError(NOT_FOUND);
    const canceled = { ...job, status: 'canceled', updatedAt: clock.now() } as const;
    if (!(await jobs.save(canceled))) throw problemError('conflict', 'The job has ended: there is nothing to cancel.');
    return jobView(canceled);
  });
}
