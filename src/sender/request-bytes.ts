import type { OutgoingRequest } from '../ports/sender.ts';
import type { Target } from './addresses/index.ts';
import { AttemptFailure } from './attempt-failure.ts';

/** A request as bytes for the socket. Text where one encoding fits all of it, which a socket writes fastest. */
export type RequestBytes =
  | { readonly content: string; readonly encoding: 'latin1'; readonly body: null }
  | { readonly content: Buffer; readonly encoding: undefined; readonly body: null }
  /** `content` is the head; `body` is shared with other requests. */
  | { readonly content: string; readonly encoding: 'latin1'; readonly body: Buffer };

/** Field names and values (RFC 9110, sections 5.1 and 5.5). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Fields that the sender sets itself; a second one would change the request's framing. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** @throws AttemptFailure `connection_failed` for headers that cannot be sent */
export function requestBytes(
  { headers, body, bodyBytes }: OutgoingRequest,
  target: Target,
  userAgent: string,
): RequestBytes {
  let fields = '';
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (CONNECTION_FIELDS.has(name.toLowerCase()) || !NAME.test(name) || !VALUE.test(value))
      throw new AttemptFailure('connection_failed');
    fields += `${name}: ${value}\r\n`;
  }
  // The request's own headers take precedence.
  if (headers['user-agent'] === undefined) fields += `user-agent: ${userAgent}\r\n`;
  // Responses are not decompressed: a kilobyte could become a gigabyte.
  if (headers['accept-encoding'] === undefined) fields += 'accept-encoding: identity\r\n';
  const length = bodyBytes?.length ?? Buffer.byteLength(body);
  const head = `${target.requestHead}${fields}content-length: ${length}\r\n\r\n`;
  if (bodyBytes !== undefined) return { content: head, encoding: 'latin1', body: bodyBytes };
  if (length === body.length) return { content: head + body, encoding: 'latin1', body: null };
  return { content: Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]), encoding: undefined, body: null };
}
