import { AttemptFailure } from '../attempt-failure.ts';

const BEGINNING = 'http/';
/** The first frame of an HTTP/2 server (RFC 9113, sections 4.1 and 3.4): SETTINGS or GOAWAY of stream 0. */
const HTTP2_FRAMES: ReadonlySet<number> = new Set([0x04, 0x07]);

/**
 * Refuses a server of another protocol by its first bytes, because it may never send the end of a line.
 * @param bytes the beginning of the status line
 * @throws AttemptFailure `invalid_response`
 */
export function refuseUnlessHttp(bytes: Buffer): void {
  const text = bytes.toString('latin1', 0, BEGINNING.length).toLowerCase();
  // A CR may start an empty line.
  if (BEGINNING.startsWith(text) || text.startsWith('\r')) return;
  throw new AttemptFailure('invalid_response', protocolOf(bytes));
}

function protocolOf(bytes: Buffer): string {
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03)
    return 'the receiver speaks TLS on an http address';
  const isHttp2Frame = bytes[0] === 0 && HTTP2_FRAMES.has(bytes[3] ?? -1);
  if (isHttp2Frame) return 'the receiver speaks HTTP/2 only';
  return 'the answer is not HTTP';
}
