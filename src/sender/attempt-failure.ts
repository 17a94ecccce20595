import type { AttemptError } from '../core/delivery/delivery.ts';

/** An attempt that failed for a reason that the sender knows; `classifyFailure` covers all other errors. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly error: AttemptError;
  /** Details for people: a sentence without addresses or secrets. */
  readonly detail: string | null;

  constructor(error: AttemptError, detail: string | null = null) {
    super(error);
    this.error = error;
    this.detail = detail;
  }
}

/** Faults of this machine: no attempt was made, and the receiver is not at fault. */
const LOCAL_CODES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

const ERROR_BY_CODE: Readonly<Record<string, AttemptError>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls_failed',
};

/** OpenSSL's and Node's codes for certificate and TLS errors (`X509_V_ERR_…`, `ERR_TLS_…`, `ERR_SSL_…`). */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** Maps a request's error to one of `ATTEMPT_ERRORS`. */
export function classifyFailure(error: unknown): AttemptError {
  if (error instanceof AttemptFailure) return error.error;
  // All addresses failed: the first error that says more than "unreachable" counts.
  if (error instanceof AggregateError && error.errors.length > 0) {
    const words = error.errors.map(classifyFailure);
    return words.find((word) => word !== 'connection_failed') ?? 'connection_failed';
  }
  const { code, address } = describe(error);
  if (LOCAL_CODES.has(code) || isOutOfPorts(code, address)) return 'local';
  const word = ERROR_BY_CODE[code];
  if (word !== undefined) return word;
  if (TLS_CODE.test(code)) return 'tls_failed';
  return 'connection_failed';
}

/**
 * Running out of local ports is a local fault. For IPv6 the same code means that this host has no IPv6: as `local`,
 * such a delivery would be released and claimed again forever.
 */
function isOutOfPorts(code: string, address: string): boolean {
  return code === 'EADDRNOTAVAIL' && !address.includes(':');
}

/** Details without addresses, which the endpoint's owner may not be allowed to learn. */
const DETAIL_BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens on the port',
  ECONNRESET: 'the receiver closed the connection before it answered',
  EPIPE: 'the receiver closed the connection before it answered',
  ECONNABORTED: 'the receiver closed the connection before it answered',
  ETIMEDOUT: 'the system gave up waiting for the receiver',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  EADDRNOTAVAIL: 'this machine has no IPv6',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
};
const DETAIL_BY_ERROR: Partial<Readonly<Record<AttemptError, string>>> = {
  connection_reset: 'the receiver closed the connection before it answered',
  headers_too_large: 'the response has more than 16 KB of fields',
  dns_failed: 'the name has no address',
  address_not_allowed: 'the address or its port may not be reached',
};

/** Details for people; null where the error code says everything. */
export function failureDetail(error: unknown): string | null {
  if (error instanceof AttemptFailure) return error.detail ?? DETAIL_BY_ERROR[error.error] ?? null;
  if (error instanceof AggregateError) {
    const word = classifyFailure(error);
    const telling = error.errors.find((one) => classifyFailure(one) === word);
    return telling === undefined ? null : failureDetail(telling);
  }
  return DETAIL_BY_CODE[codeOf(error)] ?? null;
}

export function codeOf(error: unknown): string {
  return describe(error).code;
}

function describe(error: unknown): { code: string; address: string } {
  const text = (key: string): string => {
    const value = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { code: text('code'), address: text('address') };
}
