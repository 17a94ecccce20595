import { Readable } from 'node:stream';

const PIECE_CHARACTERS = 64 * 1024;

/**
 * A long text as a stream of bytes (UTF-8), a piece at a time as its reader takes them: written at once, 8 MB hold the event
 * loop for 10 ms and stand in memory a second time.
 */
export function textStream(text: string): Readable {
  let at = 0;
  return new Readable({
    read() {
      if (at >= text.length) {
        this.push(null);
        return;
      }
      const end = pieceEnd(text, at + PIECE_CHARACTERS);
      this.push(Buffer.from(text.slice(at, end)));
      at = end;
    },
  });
}

/** Not between the halves of a character beyond U+FFFF. */
function pieceEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end + 1 : end;
}
