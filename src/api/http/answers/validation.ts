import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { FieldError } from '../../../core/problem.ts';

/**
 * The validator of bodies and queries. Bodies are not converted: `"5"` is not a number. Query values are text, so those that
 * the schema declares as integer or boolean are converted strictly first: digits, `true`, `false`. Each schema is compiled at
 * its first use, so that a service that only accepts events does not compile the others.
 */
export function createValidatorCompiler(): FastifySchemaCompiler<JsonSchema> {
  const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, useDefaults: false });
  return ({ schema, httpPart }) => {
    let validate: ValidateFunction | undefined;
    return (given: unknown) => {
      validate ??= ajv.compile(schema);
      const value = httpPart === 'querystring' ? readTexts(schema, given) : given;
      return validate(value) ? { value } : { error: describeErrors(validate.errors ?? []) };
    };
  };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string | readonly string[] }>>;
}

function readTexts({ properties = {} }: JsonSchema, given: unknown): unknown {
  const read: Record<string, unknown> = Object.create(null);
  for (const [name, text] of Object.entries(given ?? {})) {
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
    read[name] = typeof text === 'string' ? readText(type, text) : text;
  }
  return read;
}

function readText(type: string | readonly string[] | undefined, text: string): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Fastify requires an Error; the error handler reads the list in `validation`. There is one message for each field. */
function describeErrors(errors: readonly ErrorObject[]): Error {
  const fields = new Map<string, FieldError>();
  for (const error of errors.map(describeError)) if (!fields.has(error.path)) fields.set(error.path, error);
  return Object.assign(new Error('validation failed'), { validation: [...fields.values()] });
}

function describeError({ keyword, instancePath, params, message = 'is not valid' }: ErrorObject): FieldError {
  const path = instancePath.slice(1).split('/').map(unescapePointer).join('.');
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  switch (keyword) {
    case 'required':
      return { path: at(params['missingProperty']), message: 'is required' };
    case 'additionalProperties':
      return { path: at(params['additionalProperty']), message: 'is not a known field' };
    case 'enum':
      return { path, message: `must be one of ${params['allowedValues'].join(', ')}` };
    case 'const':
      return { path, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    default:
      return { path: path === '' ? 'body' : path, message };
  }
}

/** RFC 6901, section 3. */
function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
