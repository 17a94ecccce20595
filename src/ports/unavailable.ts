/** `unreachable`: a server that the engine needs does not answer, or refuses to work now. */
export type UnavailableCode = 'disk_full' | 'storage_failed' | 'unreachable' | 'closing';

/**
 * Whether the error may belong to one row, lane or tenant. Such an error does not pass by itself and must not affect
 * others. A transient condition (server unavailable, disk full) is an `EngineUnavailable` and affects everyone.
 */
export function isItemError(error: unknown): boolean {
  return !(error instanceof EngineUnavailable);
}

/**
 * The engine cannot work now (disk full, server unavailable). Every port method may reject with it; unless the method
 * says otherwise, the call had no effect. The API answers 503 with `Retry-After`.
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
