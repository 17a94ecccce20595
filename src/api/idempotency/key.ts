import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { headerText } from '../../core/delivery/header-text.ts';
import { wrongKey } from '../../core/events/event-request.ts';
import { MAX_DEDUP_ID_LENGTH } from '../../core/limits.ts';
import { invalidField } from '../http/answers/index.ts';
import { countHeader } from '../http/bodies/index.ts';

const NAME = 'Idempotency-Key';

/** The header's text; null where there is none. Throws `invalid_request`. */
export function idempotencyKey({ headers, raw }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given !== 'string' || countHeader(raw.rawHeaders, 'idempotency-key') > 1) {
    throw invalidField(NAME, 'may be given once');
  }
  const text = headerText(given);
  if (text === undefined) throw invalidField(NAME, 'must be UTF-8');
  const wrong = wrongKey(text, MAX_DEDUP_ID_LENGTH);
  if (wrong !== null) throw invalidField(NAME, wrong);
  return text;
}

/**
 * What an item of a batch has for its `dedup_id` where it names none: made of the batch's key, its place and its bytes, so
 * that the batch sent again, after a crash in its middle too, accepts nothing twice, and another one under the same key
 * loses nothing.
 */
export function itemDedupId(key: string, index: number, item: Buffer): string {
  return `ik:${createHash('sha256').update(`${key}\0${index}\0`).update(item).digest('base64url')}`;
}
