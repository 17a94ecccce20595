import express from 'express';
import { verifyWebhook, WebhookError } from 'triggers-client';

/** Express parses bodies in a middleware: for this route take the raw bytes, or the signature can't be checked. */
export function createReceiver(secret: string, take: (type: string, data: unknown) => void): express.Express {
  const app = express();
  app.post('/webhook', express.raw({ type: '*/*', limit: '1mb' }), async (request, response) => {
    try {
      const { type, data } = await verifyWebhook(request.headers, request.body, secret);
      take(type, data);
      response.sendStatus(204);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      response.status(400).send(error.code);
    }
  });
  return app;
}
