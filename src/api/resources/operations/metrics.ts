import type { FastifyInstance } from 'fastify';

/** Serves metrics without a key: they contain nothing about tenants. */
export function metricsRoute(
  app: FastifyInstance,
  page: { readonly contentType: string; text(): Promise<string> } | null,
): void {
  if (page === null) return;
  app.get('/metrics', async (_request, reply) => reply.type(page.contentType).send(await page.text()));
}
