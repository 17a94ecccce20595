import type { FastifyInstance } from 'fastify';

/** Prometheus asks without a key: nothing there names a tenant. */
export function metricsRoute(
  app: FastifyInstance,
  page: { readonly contentType: string; text(): Promise<string> } | null,
): void {
  if (page === null) return;
  app.get('/metrics', async (_request, reply) => reply.type(page.contentType).send(await page.text()));
}
