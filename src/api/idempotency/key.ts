import type { FastifyRequest } from 'fastify';
import { headerText } from '../../core/header-text.ts';
import { countHeader } from '../body.ts';
import { invalidField } from '../problems.ts';

const NAME = 'Idempotency-Key';

/** The header's text; null where there is none. Throws `invalid_request` for one that is given twice or is not UTF-8. */
export function idempotencyKey({ headers, raw }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given !== 'string' || countHeader(raw.rawHeaders, 'idempotency-key') > 1) {
    throw invalidField(NAME, 'may be given once');
  }
  const text = headerText(given);
  if (text === undefined) throw invalidField(NAME, 'must be UTF-8');
  return text;
}
