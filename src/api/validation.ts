import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldError } from '../core/problem.ts';

/**
 * One validator for bodies, queries and paths. Bodies are taken as they are: `"5"` is no number. Query values come as
 * text, so those that the schema calls integer or boolean are read strictly first: digits, `true`, `false`.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const isText = httpPart === 'querystring' || httpPart === 'params';
  return (given: unknown) => {
    const value = isText ? readTexts(schema, given) : given;
    if (validator.Check(value)) return { value };
    return { error: describeErrors([...validator.Errors(value)]) };
  };
};

interface ValidationError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function readTexts(schema: TSchema, given: unknown): unknown {
  const properties = (schema as { properties?: Record<string, { type?: string }> }).properties ?? {};
  const read: Record<string, unknown> = Object.create(null);
  for (const [name, text] of Object.entries(given ?? {})) {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    read[name] = typeof text === 'string' ? readText(type, text) : text;
  }
  return read;
}

function readText(type: string | undefined, text: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Fastify wants an Error; `toProblem` finds the list in `validation`. */
function describeErrors(errors: readonly ValidationError[]): Error {
  const fields = new Map<string, FieldError>();
  for (const error of errors.flatMap(spread)) {
    if (!fields.has(error.path)) fields.set(error.path, error);
  }
  return Object.assign(new Error('validation failed'), { validation: [...fields.values()] });
}

function spread({ keyword, instancePath, params, message }: ValidationError): FieldError[] {
  const path = instancePath.slice(1).replaceAll('/', '.');
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  if (keyword === 'required') {
    const { requiredProperties = [] } = params as { requiredProperties?: string[] };
    return requiredProperties.map((name) => ({ path: at(name), message: 'is required' }));
  }
  if (keyword === 'additionalProperties') {
    const { additionalProperties = [] } = params as { additionalProperties?: string[] };
    return additionalProperties.map((name) => ({ path: at(name), message: 'is not known here' }));
  }
  // A property that is refused as a whole stands for itself in the list above.
  if (keyword === 'boolean') return [];
  const wanted = keyword === 'enum' ? `must be one of ${allowed(params)}` : message;
  return [{ path: path === '' ? 'body' : path, message: wanted }];
}

function allowed(params: object): string {
  return ((params as { allowedValues?: unknown[] }).allowedValues ?? []).join(', ');
}
