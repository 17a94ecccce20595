/** `unreachable`: a server that the engine needs does not answer, or answers that it can't now. */
export type UnavailableCode = 'disk_full' | 'storage_failed' | 'unreachable' | 'closing';

/**
 * Whether one row, lane or tenant may have caused the error: it does not pass by itself, and must not hold up others. What
 * passes (a server that is away, a full disk) is an `EngineUnavailable` and concerns everybody.
 */
export function isItemError(error: unknown): boolean {
  return !(error instanceof EngineUnavailable);
}

/**
 * The engine can't keep its promises now (disk full, server gone). Every port method may reject with it; nothing of the
 * call has been done then, unless the method says otherwise. The API answers 503 with `Retry-After`.
 */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
  readonly code: UnavailableCode;
  readonly retryAfterSeconds: number;

  constructor(code: UnavailableCode, message: string, retryAfterSeconds = 1) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
