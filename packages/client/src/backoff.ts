const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;

/**
 * How long to wait before a next try: twice as long each time, at most 30 s, of which a random half is taken away so that
 * many clients don't come back at once. What the service asked for is never shortened.
 * @param tries that failed so far, 1 or more
 */
export function backoffMs(tries: number, retryAfterSeconds: number | null, random = Math.random()): number {
  const whole = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS);
  return Math.max(whole * (1 - random / 2), (retryAfterSeconds ?? 0) * 1_000);
}

/** Rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
