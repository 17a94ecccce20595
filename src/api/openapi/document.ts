import type { FastifyInstance, RouteOptions } from 'fastify';
import { MAX_DEDUP_ID_LENGTH } from '../../core/limits.ts';
import { isRepeatable } from '../idempotency/index.ts';
import { ANSWERS } from './answers.ts';
import { EXAMPLES } from './examples.ts';
import { OPERATIONS, type Operation, TAGS } from './operations.ts';
import { count, object, ref, SCHEMAS } from './schemas.ts';

interface SchemaOfRoute {
  readonly body?: object;
  readonly querystring?: { readonly properties?: Readonly<Record<string, object>> };
}

interface DocumentedRoute {
  readonly method: string;
  readonly url: string;
  readonly operation: Operation;
  readonly schema: SchemaOfRoute;
}

/** Collects the routes as they are added, so that the document shows the same schemas that validate requests. */
export class RouteBook {
  readonly #routes: DocumentedRoute[] = [];
  /** Routes that are missing in OPERATIONS. */
  readonly undescribed: string[] = [];
  #open = true;

  listen(app: FastifyInstance): void {
    app.addHook('onRoute', (route: RouteOptions) => {
      if (!this.#open) return;
      for (const method of [route.method].flat()) this.#note(String(method), route);
    });
  }

  close(): void {
    this.#open = false;
  }

  #note(method: string, { url, schema }: RouteOptions): void {
    // Every GET has a HEAD, which is not listed.
    if (method === 'HEAD') return;
    const operation = OPERATIONS[`${method} ${url}`];
    if (operation === undefined) this.undescribed.push(`${method} ${url}`);
    else this.#routes.push({ method, url, operation, schema: (schema ?? {}) as SchemaOfRoute });
  }

  /** OpenAPI 3.1. */
  document(version: string): object {
    const paths: Record<string, Record<string, object>> = {};
    for (const route of this.#routes) {
      const path = route.url.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route) };
    }
    return {
      openapi: '3.1.0',
      info: {
        title: 'Triggers API',
        version,
        description:
          'Webhooks and event inboxes. An accepted event (202) is delivered at least once to every matching endpoint.',
      },
      servers: [{ url: '/' }],
      security: [{ apiKey: [] }, { bearer: [] }],
      tags: TAGS.map((name) => ({ name })),
      paths,
      webhooks: { event: { post: WEBHOOK } },
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer', description: 'The API key, or ADMIN_TOKEN for organizations.' },
        },
        schemas: SCHEMAS,
        responses: { Problem: problemResponse('An error (RFC 9457)') },
      },
    };
  }
}

function operationObject({ method, url, operation, schema }: DocumentedRoute): object {
  const name = `${method} ${url}`;
  const { tag, summary, status, access, bodyTypes = ['application/json'] } = operation;
  const body = operation.body ?? schema.body;
  const inPath = [...url.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(schema.querystring?.properties ?? {}).map(([name, of]) => ({
    name,
    in: 'query',
    schema: of,
  }));
  const inHeader = method === 'POST' && (url === '/api/events' || isRepeatable(method, url)) ? [IDEMPOTENCY_KEY] : [];
  const parameters = [...inPath, ...inQuery, ...inHeader];
  return {
    operationId: operationId(method, url),
    tags: [tag],
    summary,
    ...(access === 'everybody' ? { security: [] } : {}),
    ...(access === 'administrator' ? { security: [{ bearer: [] }] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: Object.fromEntries(bodyTypes.map((type) => [type, requestContent(name, body, type)])),
          },
        }),
    responses: {
      [status]: answer(name, 'Success'),
      ...OTHER_ANSWERS[name],
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: MAX_DEDUP_ID_LENGTH,
    description:
      'UTF-8. The same request within DEDUP_WINDOW gets the first answer. Another request with this key gets 422 idempotency_key_reused.',
  },
} as const;

function requestContent(name: string, schema: object, type: string): object {
  const isFirst = type === 'application/json';
  const example = EXAMPLES[name];
  return isFirst && example !== undefined ? { schema, example } : { schema };
}

function answer(name: string, description: string): object {
  const body = ANSWERS[name];
  if (body === undefined) return { description };
  const content = 'json' in body ? { 'application/json': { schema: body.json } } : { [body.media]: { schema: {} } };
  return { description, content };
}

const jsonAnswer = (description: string, schema: object) => ({
  description,
  content: { 'application/json': { schema } },
});

/** Successful answers with another status. */
const OTHER_ANSWERS: Readonly<Record<string, Readonly<Record<number, object>>>> = {
  'POST /api/events': { 200: jsonAnswer('The dedup_id was used before: the first event', ref('Duplicate')) },
  'POST /api/events/replay': {
    200: jsonAnswer(
      'With dry_run: the counts',
      object({ events: count, deliveries: count, more: { type: 'boolean' } }),
    ),
  },
  'GET /health/ready': { 503: jsonAnswer('Not ready', object({ status: { const: 'unavailable' } })) },
};

/** `postApiEventsByIdReplay` */
function operationId(method: string, url: string): string {
  const words = url.split(/[/-]/).filter((part) => part !== '');
  const named = words.map((part) => (part.startsWith(':') ? `by-${part.slice(1)}` : part));
  const parts = named.flatMap((part) => part.split(/[-_]/));
  return method.toLowerCase() + parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

function problemResponse(description: string): object {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
}

const header = (description: string) => ({ in: 'header', required: true, schema: { type: 'string', description } });

/** The webhook request that a receiver gets. */
const WEBHOOK = {
  summary: 'An event, signed according to Standard Webhooks',
  parameters: [
    { name: 'webhook-id', ...header('The id of the event, the same on every attempt') },
    { name: 'webhook-timestamp', ...header('Unix time of this attempt, in seconds') },
    {
      name: 'webhook-signature',
      ...header('v1,<base64 HMAC-SHA256 of "id.timestamp.body">; several are separated by spaces'),
    },
    { name: 'X-Attempt', ...header('Number of the attempt, from 1') },
  ],
  requestBody: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['id', 'type', 'timestamp', 'data'],
          properties: {
            id: { type: 'string', format: 'uuid' },
            type: { type: 'string' },
            timestamp: { type: 'string', format: 'date-time' },
            data: {},
          },
        },
      },
    },
  },
  responses: { '2XX': { description: 'Delivered' }, 410: { description: 'Gone: the endpoint is disabled' } },
} as const;
