/**
 * What moves a terminal's cursor, changes its colours, title or clipboard, or the order and visibility of what is shown:
 * C0 but tab and line feed, DEL and C1 (U+009B begins a sequence like ESC [), line and paragraph separators, marks of
 * direction (U+202E turns text round), invisible characters and tags. Joiners stay: emoji are made with them.
 */
const TROUBLESOME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text of others as a terminal may have it: what would act on it is shown as an escape, which JSON reads as the same text. */
export function printable(text: string): string {
  return text.replace(TROUBLESOME, escaped);
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}
