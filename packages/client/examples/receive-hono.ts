import { Hono } from 'hono';
import { verifyWebhook, WebhookError } from 'triggers-client';

/** On Node, Deno, Bun and edge runtimes alike: `app.fetch` takes a web `Request`. */
export function createReceiver(secret: string, take: (type: string, data: unknown) => void): Hono {
  const app = new Hono();
  app.post('/webhook', async (context) => {
    try {
      const { type, data } = await verifyWebhook(context.req.raw.headers, await context.req.text(), secret);
      take(type, data);
      return context.body(null, 204);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return context.text(error.code, 400);
    }
  });
  return app;
}
