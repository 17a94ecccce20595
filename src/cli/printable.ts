/**
 * Characters that move a terminal's cursor, change its colors, title or clipboard, or change the order and visibility of text:
 * C0 except tab and line feed, DEL and C1 (U+009B begins a sequence like ESC [), line and paragraph separators, direction marks
 * (U+202E reverses text), invisible characters and tags. Joiners are kept, because emoji need them.
 */
const TROUBLESOME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Makes text of others safe for a terminal: characters that would act on it become escapes, which JSON reads as the same text.
 */
export function printable(text: string): string {
  return text.replace(TROUBLESOME, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}
