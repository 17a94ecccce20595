import type { LogFields } from '../../ports/observability/log.ts';

const MAX_MESSAGE_LENGTH = 500;

/** Each with what stands in its place. Drivers put addresses, statements and their values into messages. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/:\/\/\S*@/g, '://***@'],
  [/(:\/\/[^\s?#]*)[?#]\S*/g, '$1?***'],
  [/whsec_[A-Za-z0-9+/=]+/g, 'whsec_***'],
  [/\b(bearer|x-api-key:?|password[=:]?|token[=:]?|secret[=:]?)\s*\S+/gi, '$1 ***'],
  // Long runs are keys, digests or payloads; UUIDs have hyphens and stay.
  [/[A-Za-z0-9_+]{32,}={0,2}/g, '***'],
];

/**
 * What a log may know of a failure: name, code, and the start of the message without what looks like a secret. Nothing
 * else of an error is looked at: drivers hang commands, parameters and rows onto theirs.
 */
export function errorFields(cause: unknown): LogFields {
  if (!(cause instanceof Error)) return { error: `a thrown ${typeof cause}` };
  const code =
    'code' in cause && (typeof cause.code === 'string' || typeof cause.code === 'number') ? cause.code : null;
  return { error: cause.name, ...(code === null ? {} : { error_code: code }), error_message: clean(cause.message) };
}

function clean(message: string): string {
  // Cut before cleaning, so that a huge message costs nothing, with room so that a secret at the edge is whole.
  const start = message.slice(0, 2 * MAX_MESSAGE_LENGTH);
  const cleaned = SECRETS.reduce((text, [shape, instead]) => text.replace(shape, instead), start);
  return cleaned.length > MAX_MESSAGE_LENGTH ? `${cleaned.slice(0, MAX_MESSAGE_LENGTH)}…` : cleaned;
}
