import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SCHEMAS } from '../src/api/openapi/schemas.ts';

/** `node scripts/launch.mjs scripts/client-types.ts` writes the client's types from the service's schemas; a test says when. */

const WANTED = [
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
] as const;

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
}

/** @returns the text of packages/client/src/types.ts */
export function clientTypes(): string {
  const types = WANTED.map((name) => `export interface ${name} ${typeOf(SCHEMAS[name] as Schema, '')}\n`);
  return ['// Written by scripts/client-types.ts from src/api/openapi/schemas.ts.\n', ...types, STREAM_TYPES].join(
    '\n',
  );
}

function typeOf(schema: Schema, indent: string): string {
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
  writeFileSync(join(import.meta.dirname, '../packages/client/src/types.ts'), clientTypes());
}
