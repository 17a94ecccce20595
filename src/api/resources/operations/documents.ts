import type { FastifyInstance } from 'fastify';
import { PROBLEMS, type ProblemCode } from '../../../core/problem.ts';
import { JSON_TYPE, NOT_FOUND, ProblemError } from '../../http/answers/index.ts';
import { DOCS_STYLE, docsPage, type RouteBook } from '../../openapi/index.ts';

const SECURITY = {
  'content-security-policy': "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** Serves the API documentation, generated from the schemas that validate requests, without external resources. */
export function documentRoutes(app: FastifyInstance, book: RouteBook, version: string): void {
  let text: string | undefined;
  let page: string | undefined;

  app.get('/openapi.json', async (_request, reply) => {
    text ??= JSON.stringify(book.document(version));
    return reply.type(JSON_TYPE).send(text);
  });

  app.get('/docs', async (_request, reply) => {
    page ??= docsPage(book.document(version));
    return reply.headers(SECURITY).type('text/html; charset=utf-8').send(page);
  });

  app.get('/docs/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(DOCS_STYLE));

  app.get<{ Params: { code: string } }>('/problems/:code', async (request) => {
    const { code } = request.params;
    if (!Object.hasOwn(PROBLEMS, code)) throw new ProblemError(NOT_FOUND);
    const { status, title } = PROBLEMS[code as ProblemCode];
    return { code, status, title };
  });
}
