import type { LogFields } from '../../ports/observability/log.ts';

const MAX_MESSAGE_LENGTH = 500;

/** Patterns of secrets with their replacements. Drivers put addresses, statements and values into messages. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/:\/\/\S*@/g, '://***@'],
  [/(:\/\/[^\s?#]*)[?#]\S*/g, '$1?***'],
  [/whsec_[A-Za-z0-9+/=]+/g, 'whsec_***'],
  [/\b(bearer|x-api-key:?|password[=:]?|token[=:]?|secret[=:]?)\s*\S+/gi, '$1 ***'],
  // Long words are keys, digests or payloads. UUIDs have hyphens and are kept.
  [/[A-Za-z0-9_+]{32,}={0,2}/g, '***'],
];

/**
 * The fields of an error that may be logged: name, code, and the start of the message without text that looks like a secret.
 * Other fields are ignored, because drivers add commands, parameters and rows to their errors.
 */
export function errorFields(cause: unknown): LogFields {
  if (!(cause instanceof Error)) return { error: `a thrown ${typeof cause}` };
  const code =
    'code' in cause && (typeof cause.code === 'string' || typeof cause.code === 'number') ? cause.code : null;
  return { error: cause.name, ...(code === null ? {} : { error_code: code }), error_message: clean(cause.message) };
}

function clean(message: string): string {
  // The message is cut before the replacements, so that a huge message costs little. The margin keeps a secret at the edge
  // complete.
  const start = message.slice(0, 2 * MAX_MESSAGE_LENGTH);
  const cleaned = SECRETS.reduce((text, [shape, instead]) => text.replace(shape, instead), start);
  return cleaned.length > MAX_MESSAGE_LENGTH ? `${cleaned.slice(0, MAX_MESSAGE_LENGTH)}…` : cleaned;
}
