/** Every error code of the API with its status and title. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid for this list' },
  bad_request: { status: 400, title: 'The request is not valid HTTP' },
  missing_api_key: { status: 401, title: 'No API key was given' },
  invalid_api_key: { status: 401, title: 'The API key is not valid' },
  forbidden: { status: 403, title: 'The request is not allowed' },
  not_found: { status: 404, title: 'The resource was not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed for this resource' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The request conflicts with the current state' },
  payload_too_large: { status: 413, title: 'The payload is too large' },
  uri_too_long: { status: 414, title: 'The URL is too long' },
  unsupported_media_type: { status: 415, title: 'The media type is not supported' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request' },
  url_not_allowed: { status: 422, title: 'The URL is not allowed' },
  loop_detected: { status: 422, title: 'The event is in a webhook loop' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'An internal error occurred' },
  backlog_full: { status: 503, title: 'The backlog is full' },
  unavailable: { status: 503, title: 'The service is temporarily unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One error in a request: `path` is the field (`data`, `event_types.0`), or `body` for the whole request. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An expected failure as a value; the API prints it as `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly code: ProblemCode;
  /** For the client: what is wrong and what to change. Reveals no internals. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

export function invalidRequest(errors: readonly FieldError[]): Problem {
  return {
    code: 'invalid_request',
    detail: errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
    errors,
  };
}
