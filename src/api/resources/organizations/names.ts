import { invalidField } from '../../http/answers/index.ts';

/** The two engines store NUL and lone surrogates differently, so neither may come in. Throws `invalid_request`. */
export function checkName(path: string, text: string): void {
  if (!text.isWellFormed() || /\p{Cc}/u.test(text))
    throw invalidField(path, 'must be Unicode text without control characters');
}
