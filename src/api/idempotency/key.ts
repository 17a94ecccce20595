import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { headerText } from '../../core/delivery/header-text.ts';
import { wrongKey } from '../../core/events/event-request.ts';
import { MAX_DEDUP_ID_LENGTH } from '../../core/limits.ts';
import { invalidField } from '../http/answers/index.ts';
import { countHeader } from '../http/bodies/index.ts';

const NAME = 'Idempotency-Key';

/** @returns the text of the header; null if there is none. Throws `invalid_request`. */
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
 * The `dedup_id` of a batch item that has none of its own: derived from the batch's key, the item's position and its bytes. The
 * same batch sent again, also after a crash, therefore accepts no event twice, and another batch with the same key loses no
 * event.
 */
export function itemDedupId(key: string, index: number, item: Buffer): string {
  return `ik:${createHash('sha256').update(`${key}\0${index}\0`).update(item).digest('base64url')}`;
}
