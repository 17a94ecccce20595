/** `ADMIN_TOKEN=generate`: made at the first start and kept in DATA_DIR. */
export const GENERATE = 'generate';

/** 16 characters out of 64 are 96 bits: nobody guesses them at 20 a minute. */
const MIN_CHARACTERS = 16;
/** `aaaaaaaaaaaaaaaa` has one; a random hexadecimal word of 16 has fewer than 5 once in 30 million. */
const MIN_DIFFERENT = 5;

/** Words that stand in our own documents and examples, where everybody can read them. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['a-long-random-word', 'test-api-key-change-in-prod']);
const LOOKS_LIKE_PLACEHOLDER = /change[-_ ]?(?:me|this|it|in)|replace[-_ ]?(?:me|this)|your[-_ ]|placeholder|example/i;

/** @returns completes "ADMIN_TOKEN …"; null when there is nothing to say */
export function weaknessOf(token: string): string | null {
  if (token.length < MIN_CHARACTERS) return `has fewer than ${MIN_CHARACTERS} characters`;
  if (PLACEHOLDERS.has(token.toLowerCase()) || LOOKS_LIKE_PLACEHOLDER.test(token)) return 'is a placeholder';
  return new Set(token).size < MIN_DIFFERENT ? 'repeats a few characters' : null;
}
