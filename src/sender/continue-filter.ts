const INTERIM_STATUS = Buffer.from('HTTP/1.1 100');
const HEAD_END = Buffer.from('\r\n\r\n');
/** An interim response of more than this is passed on, to be refused as what it is. */
const MAX_INTERIM_BYTES = 4_096;
/** More of them than this in a row are no answer but a way to keep us busy. */
const MAX_INTERIM_RESPONSES = 16;

/**
 * Takes `100 Continue` out of the beginning of a response. Some servers send it though nobody asked for it, which
 * HTTP allows (RFC 9110, section 15.2); undici destroys the connection then ("bad response"), and a receiver that has
 * taken the event would be counted as failed and get it again. One filter a response; all other bytes pass unchanged.
 */
export class ContinueFilter {
  #held: Buffer | null = null;
  #left = MAX_INTERIM_RESPONSES;
  #isDone = false;

  /** @returns what the parser may see now; null when it has to wait for more */
  pass(chunk: Buffer): Buffer | null {
    if (this.#isDone) return chunk;
    // Nearly every response's first chunk shows at once, in this byte, that it is no 1xx.
    if (this.#held === null && chunk.length >= INTERIM_STATUS.length && chunk[9] !== 0x31) return this.#end(chunk);
    return this.#strip(this.#held === null ? chunk : Buffer.concat([this.#held, chunk]));
  }

  #strip(bytes: Buffer): Buffer | null {
    let rest = bytes;
    while (this.#left > 0 && startsLikeInterim(rest)) {
      const end = rest.indexOf(HEAD_END);
      if (end < 0 && rest.length < MAX_INTERIM_BYTES) {
        this.#held = rest;
        return null;
      }
      if (end < 0) break;
      rest = rest.subarray(end + HEAD_END.length);
      this.#left -= 1;
    }
    return this.#end(rest);
  }

  #end(bytes: Buffer): Buffer {
    this.#isDone = true;
    this.#held = null;
    return bytes;
  }
}

/** Also of an empty or short beginning, of which this can't be told yet. */
function startsLikeInterim(bytes: Buffer): boolean {
  const known = Math.min(bytes.length, INTERIM_STATUS.length);
  // HTTP/1.0 or HTTP/1.1: the minor version's digit does not matter.
  for (let at = 0; at < known; at++) if (at !== 7 && bytes[at] !== INTERIM_STATUS[at]) return false;
  // 1000 is no 100.
  const next = bytes[INTERIM_STATUS.length];
  return next === undefined || next === 0x20 || next === 0x0d;
}
