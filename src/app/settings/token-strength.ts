/** `ADMIN_TOKEN=generate`: the first start creates a token and keeps it in DATA_DIR. */
export const GENERATE = 'generate';

/** 16 characters of an alphabet of 64 are 96 bits: impossible to guess at 20 tries a minute. */
const MIN_CHARACTERS = 16;
/** Different characters. `aaaaaaaaaaaaaaaa` has one; a random hexadecimal word of 16 has fewer than 5 once in 30 million. */
const MIN_DIFFERENT = 5;

/** Words from our own documents and examples, which are public. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['a-long-random-word', 'test-api-key-change-in-prod']);
const LOOKS_LIKE_PLACEHOLDER = /change[-_ ]?(?:me|this|it|in)|replace[-_ ]?(?:me|this)|your[-_ ]|placeholder|example/i;

/** @returns text that completes "ADMIN_TOKEN …"; null when the token is strong enough */
export function weaknessOf(token: string): string | null {
  if (token.length < MIN_CHARACTERS) return `has fewer than ${MIN_CHARACTERS} characters`;
  if (PLACEHOLDERS.has(token.toLowerCase()) || LOOKS_LIKE_PLACEHOLDER.test(token)) return 'is a placeholder';
  return new Set(token).size < MIN_DIFFERENT ? 'repeats a few characters' : null;
}
