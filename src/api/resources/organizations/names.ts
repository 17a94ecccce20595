import { invalidField } from '../../http/answers/index.ts';

/** Refuses names with NUL or lone surrogates, which the two engines store differently. Throws `invalid_request`. */
export function checkName(path: string, text: string): void {
  if (!text.isWellFormed() || /\p{Cc}/u.test(text))
    throw invalidField(path, 'must be Unicode text without control characters');
}
