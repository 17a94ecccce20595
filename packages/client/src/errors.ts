/** The base of all errors of this client. The `code` stays the same over versions. */
export class TriggersError extends Error {
  override readonly name: string = 'TriggersError';
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An invalid field of a refused request. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The service refused the request (RFC 9457). `code` is one of the service's error codes. */
export class ApiError extends TriggersError {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The id in the service's logs; null if another server answered, such as a proxy. */
  readonly requestId: string | null;
  readonly errors: readonly FieldError[];
  /** The `Retry-After` of the answer; null if there was none. */
  readonly retryAfterSeconds: number | null;

  constructor(args: {
    code: string;
    message: string;
    status: number;
    requestId: string | null;
    errors: readonly FieldError[];
    retryAfterSeconds: number | null;
  }) {
    super(args.code, args.message);
    this.status = args.status;
    this.requestId = args.requestId;
    this.errors = args.errors;
    this.retryAfterSeconds = args.retryAfterSeconds;
  }
}

/**
 * There was no answer: the service cannot be reached, or the connection broke. `code` is `network`, `timeout` or `redirect`.
 */
export class NetworkError extends TriggersError {
  override readonly name = 'NetworkError';
}

/** The request is not a genuine webhook. `code` gives the reason. */
export class WebhookError extends TriggersError {
  override readonly name = 'WebhookError';

  constructor(code: 'missing_header' | 'invalid_timestamp' | 'invalid_signature' | 'invalid_secret', message: string) {
    super(code, message);
  }
}

/** Never throws, because a proxy's answer may not be problem+json. */
export async function apiErrorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const problem = objectOf(text);
  const errors = Array.isArray(problem['errors']) ? (problem['errors'] as FieldError[]) : [];
  const detail =
    typeof problem['detail'] === 'string' ? problem['detail'] : `The service answered with status ${response.status}.`;
  const fields = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new ApiError({
    code: typeof problem['code'] === 'string' ? problem['code'] : `http_${response.status}`,
    message: fields === '' || detail.includes(fields) ? detail : `${detail} (${fields})`,
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    errors,
    retryAfterSeconds: retryAfter(response.headers.get('retry-after')),
  });
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(value: string | null): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, (at - Date.now()) / 1_000);
}
