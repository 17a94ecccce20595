import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEMAS } from '../src/api/openapi/schemas.ts';

/**
 * `node scripts/launch.mjs scripts/contract-types.ts` writes the types of the HTTP contract from the service's schemas
 * (src/api/openapi/schemas.ts), for everyone who sends or reads them; a test says when.
 */

type SchemaName = keyof typeof SCHEMAS;

const FOR_CLIENTS: readonly SchemaName[] = [
  'Accepted',
  'Duplicate',
  'Event',
  'EventWithDeliveries',
  'Delivery',
  'DeliveryWithAttempts',
  'Attempt',
  'Endpoint',
  'NewEndpoint',
  'InboxMessage',
  'Lease',
  'Key',
  'NewKey',
];

const FOR_THE_DASHBOARD: readonly SchemaName[] = [
  'Event',
  'Delivery',
  'DeliveryWithAttempts',
  'Endpoint',
  'EndpointStats',
  'TestResult',
  'Trace',
  'Key',
  'Me',
];

/** What the views in src/api/resources print. */
const FOR_VIEWS: readonly SchemaName[] = [
  'Attempt',
  'AttemptSummary',
  'Delivery',
  'Endpoint',
  'EndpointStats',
  'Inbox',
  'Job',
  'Key',
  'Me',
  'Subscription',
  'Trace',
];

/** What `/api/stream` sends besides; no answer has them, so that the schemas don't either. */
const STREAM_TYPES = `/** What an attempt changed, in the stream. */
export type DeliveryNews = Omit<Delivery, 'created_at' | 'updated_at'> & { readonly at: string };

/** How many the stream did not show; null = unknown. */
export interface Dropped {
  readonly events: number | null;
  readonly deliveries: number | null;
  readonly last_event_id: string | null;
}
`;

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** @returns the texts of the files, by their paths from the root */
export function contractTypes(): ReadonlyMap<string, string> {
  return new Map([
    ['packages/client/src/types.ts', `${typesOf(FOR_CLIENTS)}\n${STREAM_TYPES}`],
    ['dashboard/src/core/types.ts', typesOf(FOR_THE_DASHBOARD)],
    ['src/api/resources/views/types.ts', typesOf(FOR_VIEWS)],
  ]);
}

function typesOf(names: readonly SchemaName[]): string {
  const types = names.map((name) => declaration(name, SCHEMAS[name] as Schema));
  return ['// Written by scripts/contract-types.ts from src/api/openapi/schemas.ts.\n', ...types].join('\n');
}

function declaration(name: string, schema: Schema): string {
  const type = typeOf(schema, '');
  return schema.allOf === undefined ? `export interface ${name} ${type}\n` : `export type ${name} = ${type};\n`;
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.oneOf !== undefined) return schema.oneOf.map((one) => typeOf(one, indent)).join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeOf(one, indent)).join(' & ');
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  const { type } = schema;
  if (type === undefined) return 'unknown';
  if (typeof type !== 'string') return type.map((one) => typeOf({ ...schema, type: one }, indent)).join(' | ');
  switch (type) {
    case 'integer':
      return 'number';
    case 'array': {
      const items = typeOf(schema.items ?? {}, indent);
      return `readonly ${items.includes(' | ') && !items.startsWith('{') ? `(${items})` : items}[]`;
    }
    case 'object':
      return objectType(schema, indent);
    default:
      return type;
  }
}

function objectType({ properties, required = [], additionalProperties }: Schema, indent: string): string {
  if (properties === undefined) {
    return `Readonly<Record<string, ${additionalProperties === undefined ? 'unknown' : typeOf(additionalProperties, indent)}>>`;
  }
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    return `${inner}readonly ${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of contractTypes()) writeFileSync(join(import.meta.dirname, '..', path), text);
}
