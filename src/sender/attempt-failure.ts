import type { AttemptError } from '../core/delivery/delivery.ts';

/** An attempt that ended for a reason we know ourselves; everything else is told by `classifyFailure`. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly error: AttemptError;
  /** What exactly was wrong, for people: a sentence without addresses or secrets. */
  readonly detail: string | null;

  constructor(error: AttemptError, detail: string | null = null) {
    super(error);
    this.error = error;
    this.detail = detail;
  }
}

/** Faults of this machine: no attempt was made, and the receiver is not to blame. */
const LOCAL_CODES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

const WORD_BY_CODE: Readonly<Record<string, AttemptError>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls_failed',
};

/** OpenSSL's and Node's names for what is wrong with a certificate (`X509_V_ERR_…`, `ERR_TLS_…`, `ERR_SSL_…`). */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_)/;

/** What a request's error means for the attempt, in the words of `ATTEMPT_ERRORS`. */
export function classifyFailure(error: unknown): AttemptError {
  if (error instanceof AttemptFailure) return error.error;
  // Several addresses were tried and all failed: the first error that says more than "unreachable".
  if (error instanceof AggregateError && error.errors.length > 0) {
    const words = error.errors.map(classifyFailure);
    return words.find((word) => word !== 'connection_failed') ?? 'connection_failed';
  }
  const { code, address } = describe(error);
  if (LOCAL_CODES.has(code) || isOutOfPorts(code, address)) return 'local';
  const word = WORD_BY_CODE[code];
  if (word !== undefined) return word;
  if (TLS_CODE.test(code)) return 'tls_failed';
  return 'connection_failed';
}

/**
 * No local port left is our fault. For IPv6 the same code means that this host has no IPv6 at all: given back as
 * `local`, such a delivery would go round for ever.
 */
function isOutOfPorts(code: string, address: string): boolean {
  return code === 'EADDRNOTAVAIL' && !address.includes(':');
}

/** In plain words, without an address: which one it was is no business of whoever reads it. */
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
const DETAIL_BY_WORD: Partial<Readonly<Record<AttemptError, string>>> = {
  connection_reset: 'the receiver closed the connection before it answered',
  headers_too_large: 'the response has more than 16 KB of fields',
  dns_failed: 'the name has no address',
  address_not_allowed: 'the address or its port may not be reached',
};

/** What was wrong, for people; null where the word says it all. */
export function failureDetail(error: unknown): string | null {
  if (error instanceof AttemptFailure) return error.detail ?? DETAIL_BY_WORD[error.error] ?? null;
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
