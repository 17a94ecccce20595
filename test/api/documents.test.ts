import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { valueFrom } from '../support/from-schema.ts';
import { randomFrom } from '../support/random.ts';
import { Receiver } from '../support/receiver.ts';
import { type Answer, eventually, startTestService, suiteCleanup, type TestService } from '../support/service.ts';

interface MediaObject {
  schema: object;
  example?: unknown;
}
interface OperationObject {
  operationId: string;
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { content: Record<string, MediaObject> };
  responses: Record<string, { content?: Record<string, MediaObject> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, object> };
  webhooks: object;
}
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly of: OperationObject;
}

/** A tenant with one of everything, and what its things are called. */
interface Tenant {
  readonly key: string;
  readonly things: Readonly<Record<string, string>>;
}

const SEED = Number(process.env['DOCUMENTS_SEED'] ?? Date.now() % 1_000_000);
const INPUTS_A_ROUTE = Number(process.env['DOCUMENTS_INPUTS'] ?? 12);
/** Never ends by itself. */
const STREAM = '/api/stream';

describe('documents', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let receiver: Receiver;
  let document: Document;
  let operations: readonly Operation[];
  let schemas: Ajv2020;

  before(async () => {
    service = await startTestService(cleanup);
    receiver = await Receiver.start((_got, response) => void response.writeHead(500).end());
    cleanup.after(() => receiver.stop());
    const answer = await service.get('/openapi.json', { key: null });
    assert.equal(answer.status, 200);
    document = answer.json as unknown as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, of]) => ({ method: method.toUpperCase(), path, of })),
    );
    schemas = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
    schemas.addVocabulary(['example', 'components']);
    schemas.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    schemas.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    schemas.addSchema({ $id: 'doc', components: document.components });
  });

  test('every operation is there once, under a name of its own', () => {
    assert.equal(document.openapi, '3.1.0');
    assert.ok(operations.length > 85, String(operations.length));
    assert.equal(new Set(operations.map(({ of }) => of.operationId)).size, operations.length);
    assert.ok('event' in document.webhooks);
  });

  test('every operation shows what it answers, and each body an example', () => {
    for (const { method, path, of } of operations) {
      const name = `${method} ${path}`;
      const [success] = Object.entries(of.responses);
      if (success?.[0] !== '204') assert.ok(success?.[1].content, name);
      const body = of.requestBody?.content['application/json'];
      if (body !== undefined) assert.notEqual(body.example, undefined, name);
    }
  });

  test('every example is accepted as it stands, and answered as the document says', async () => {
    for (const operation of operations.filter(({ path }) => path !== STREAM)) {
      const tenant = await newTenant();
      const example = operation.of.requestBody?.content['application/json']?.example;
      const body = example === undefined ? undefined : (filled(example, tenant.things) as object);
      const answer = await ask(operation, tenant, urlOf(operation, tenant.things), body);
      // A delivery that is done, a job that is done, an inbox that tells nobody.
      const mayConflict = /\/(cancel|secret)$/.test(operation.path);
      if (!(mayConflict && [404, 409].includes(answer.status))) {
        assert.ok(answer.status < 300, `${nameOf(operation)}: ${answer.text}`);
      }
      check(operation, answer, JSON.stringify(body));
    }
  });

  test(`generated input gets no 500, and no answer that the document does not allow (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    const pick = <Value>(values: readonly Value[]) => values[Math.floor(random() * values.length)] as Value;
    for (const operation of operations.filter(({ path }) => path !== STREAM)) {
      const { parameters = [], requestBody } = operation.of;
      const schema = requestBody?.content['application/json']?.schema;
      const tenant = await newTenant();
      for (let n = 0; n < INPUTS_A_ROUTE; n++) {
        const odd = pick(['019b76da-a800-7000-8000-000000000000', 'no-uuid', '%00', 'x'.repeat(300), '..%2f']);
        const url = urlOf(operation, tenant.things, random() < 0.3 ? odd : undefined);
        const query = parameters
          .filter((parameter) => parameter.in === 'query' && random() < 0.4)
          .map(({ name, schema: of }) => `${name}=${encodeURIComponent(String(valueFrom(of, random)).toWellFormed())}`)
          .join('&');
        const body = schema === undefined ? undefined : impatient(valueFrom(schema, random));
        const answer = await ask(operation, tenant, query === '' ? url : `${url}?${query}`, body);
        check(operation, answer, `${url}?${query} ${JSON.stringify(body)?.slice(0, 500)}`);
      }
    }
  });

  test('every problem is explained', async () => {
    const { json } = await service.get('/nothing', { key: null });
    const explained = await service.get(json.type, { key: null });
    assert.deepEqual([explained.status, explained.json.code], [200, 'not_found']);
    const codes = (document.components.schemas['Problem'] as { properties: { code: { enum: string[] } } }).properties
      .code;
    for (const code of codes.enum)
      assert.equal((await service.get(`/problems/${code}`, { key: null })).status, 200, code);
  });

  test('the reference is a page of our own, without scripts', async () => {
    const page = await service.get('/docs', { key: null });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    assert.doesNotMatch(page.text, /<script|(href|src)="https?:\/\//);
    for (const path of Object.keys(document.paths)) assert.ok(page.text.includes(path), path);
    assert.equal((await service.get('/docs/style.css', { key: null })).status, 200);
    assert.equal((await service.get('/problems/no_such', { key: null })).status, 404);
    assert.equal((await service.get('/problems/toString', { key: null })).status, 404);
  });

  /** Long-polls are tried elsewhere. */
  function impatient(body: unknown): unknown {
    const waits = typeof body === 'object' && body !== null && 'wait_seconds' in body && body.wait_seconds === 20;
    return waits ? { ...body, wait_seconds: 0.1 } : body;
  }

  function nameOf({ method, path }: Operation): string {
    return `${method} ${path}`;
  }

  function ask(operation: Operation, { key }: Tenant, url: string, body: unknown): Promise<Answer> {
    // Development: without a key everybody is the administrator.
    const isAdmin = /^\/api\/(organizations|keys\/generate)/.test(operation.path);
    return service.call(operation.method, url, { key: isAdmin ? null : key, ...(body === undefined ? {} : { body }) });
  }

  function check(operation: Operation, answer: Answer, asked: string | undefined): void {
    const told = `${nameOf(operation)} ${asked}: ${answer.status} ${answer.text.slice(0, 500)}`;
    assert.notEqual(answer.status, 500, told);
    const { responses } = operation.of;
    if (answer.status >= 400 && !(answer.status in responses)) {
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, told);
      judge({ $ref: 'doc#/components/schemas/Problem' }, answer.json, told);
      return;
    }
    assert.ok(String(answer.status) in responses, told);
    const [media] = Object.entries(responses[String(answer.status)]?.content ?? {});
    if (media?.[0] !== 'application/json') return;
    judge(media[1].schema, answer.json, told);
  }

  function judge(schema: object, value: unknown, told: string): void {
    const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"doc#/components'));
    const validate: ValidateFunction = schemas.compile(whole);
    assert.ok(validate(value), `${told}\n${schemas.errorsText(validate.errors)}`);
  }

  async function newTenant(): Promise<Tenant> {
    const made = await service.post(
      '/api/keys/generate',
      { organization_name: 'Tenant', tier: 'unlimited' },
      { key: null },
    );
    const key = made.json.api_key as string;
    const post = async (path: string, body: unknown) => (await service.post(path, body, { key })).json;
    const endpoint = (await post('/api/endpoints', { url: receiver.url, max_attempts: 1, signatures: ['v1'] })).id;
    await post('/api/webhook/config', { webhook_url: 'http://127.0.0.1:9/default' });
    const inbox = (await post('/api/inboxes', { name: 'things', notification_url: 'http://127.0.0.1:9/wake' })).id;
    const event = (await post('/api/events', { type: 'order.created', data: { id: 1 } })).id;
    await eventually(async () => assert.equal((await service.get(`/api/events/${event}`, { key })).status, 200));
    const delivery = await eventually(async () => {
      const query = `/api/deliveries?endpoint_id=${endpoint}&status=failed`;
      const [found] = (await service.get(query, { key })).json.data;
      assert.ok(found);
      return found.id as string;
    });
    const lease = (await post('/api/inbox/lease', { lease_limit: 1 })).lease_id;
    const job = (await post('/api/deliveries/retry', { status: 'canceled' })).job_id;
    const other = (await post('/api/keys', { name: 'other' })).key_id;
    const organization = made.json.organization_id;
    const things = { endpoint, inbox, event, delivery, lease, job, key: other, organization };
    return { key, things: things as Record<string, string> };
  }

  /** `{id}` is a thing of the kind that the address names. */
  function urlOf({ path }: Operation, things: Readonly<Record<string, string>>, odd?: string): string {
    const kind = /^\/(?:trigger-inbox\/(?:api\/)?v1|api)\/(\w+?)(?:es|s)?\//.exec(path)?.[1] ?? '';
    const named: Record<string, string | undefined> = {
      event: things['event'],
      ack: things['event'],
      endpoint: things['endpoint'],
      subscription: things['endpoint'],
      deliveri: things['delivery'],
      job: things['job'],
      key: things['key'],
      organization: things['organization'],
      inbox: path.startsWith('/api') ? 'things' : things['inbox'],
    };
    return path.replace(/\{\w+\}/g, odd ?? named[kind] ?? `no-${kind}`);
  }

  function filled(example: unknown, things: Readonly<Record<string, string>>): unknown {
    const text = JSON.stringify(example)
      .replaceAll('"ORGANIZATION"', '"Tenant"')
      .replace(/"(ENDPOINT|EVENT|LEASE)"/g, (_, word: string) => JSON.stringify(things[word.toLowerCase()]));
    return JSON.parse(text);
  }
});
