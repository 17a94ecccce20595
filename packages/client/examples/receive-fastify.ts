import Fastify, { type FastifyInstance } from 'fastify';
import { verifyWebhook, WebhookError } from 'triggers-client';

/** A parser that leaves the body as bytes; in a plugin of its own it would hold for this route alone. */
export function createReceiver(secret: string, take: (type: string, data: unknown) => void): FastifyInstance {
  const app = Fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/webhook', async (request, reply) => {
    try {
      const { type, data } = await verifyWebhook(request.headers, request.body as Buffer, secret);
      take(type, data);
      return reply.code(204).send();
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return reply.code(400).send(error.code);
    }
  });
  return app;
}
