const ASCII = /^[\x20-\x7e\t]*$/;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text in a header. Node gives each byte as a character of Latin-1; clients that send more than ASCII send UTF-8.
 * Bytes that are no UTF-8 are no text: replaced by U+FFFD, two of them became one (`Müller-7` and `Möller-7` in Latin-1).
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
