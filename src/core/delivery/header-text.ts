const ASCII = /^[\x20-\x7e\t]*$/;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a header's value. Node gives each byte as a Latin-1 character; clients that send more than ASCII send UTF-8.
 * Invalid UTF-8 is refused: with U+FFFD as the replacement, two values became one (`Müller-7` and `Möller-7` in
 * Latin-1).
 * @returns undefined when the bytes are not UTF-8
 */
export function headerText(value: string): string | undefined {
  if (ASCII.test(value)) return value;
  try {
    return UTF_8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return undefined;
  }
}
