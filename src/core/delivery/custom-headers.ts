import { MAX_CUSTOM_HEADER_BYTES, MAX_CUSTOM_HEADERS } from '../limits.ts';
import type { FieldError } from '../problem.ts';

/** A token (RFC 9110, section 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible Latin-1 with inner spaces and tabs: all that a header may carry (RFC 9110, section 5.5). */
const VALUE = /^(?:[!-~\u00a1-\u00ff](?:[\t !-~\u00a1-\u00ff]*[!-~\u00a1-\u00ff])?)?$/;

/** Headers that the service or the connection sets, and headers that would make an HTTP client send something else. */
const RESERVED = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'x-attempt',
  'x-batch-size',
  'x-delivery-id',
  'x-event-id',
  'x-event-type',
  'x-replay',
  'x-triggers-hops',
  '__proto__',
]);

/** Checks an endpoint's custom headers. They must neither split nor override a header. @returns the errors; empty = valid */
export function checkCustomHeaders(headers: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(headers);
  if (entries.length > MAX_CUSTOM_HEADERS) {
    return [{ path: 'headers', message: `may have at most ${MAX_CUSTOM_HEADERS} entries` }];
  }
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > MAX_CUSTOM_HEADER_BYTES) {
    return [{ path: 'headers', message: `may have at most ${MAX_CUSTOM_HEADER_BYTES} bytes` }];
  }
  const seen = new Set<string>();
  return entries.flatMap(([name, value]) => {
    const message =
      nameError(name, seen) ?? (VALUE.test(value) ? undefined : 'contains characters that a header may not contain');
    return message === undefined ? [] : [{ path: `headers.${name}`, message }];
  });
}

function nameError(name: string, seen: Set<string>): string | undefined {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) return 'is not a header name';
  if (RESERVED.has(lower)) return 'is set by the service itself';
  if (seen.has(lower)) return 'is set twice';
  seen.add(lower);
  return undefined;
}
