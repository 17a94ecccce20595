/**
 * The engine can't keep its promises now (disk full, server gone). Every port method may reject with it; nothing of the
 * call has been done then, unless the method says otherwise. The API answers 503 with `Retry-After`.
 */
export class EngineUnavailable extends Error {
  override readonly name = 'EngineUnavailable';
  readonly code: 'disk_full' | 'storage_failed' | 'closing';
  readonly retryAfterSeconds: number;

  constructor(code: EngineUnavailable['code'], message: string, retryAfterSeconds = 1) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
