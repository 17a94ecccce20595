const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;

/**
 * @returns the delay before the next try: doubled each time, at most 30 s, minus a random part of up to a half, so that clients
 * do not retry at the same time. It is never shorter than the `Retry-After` of the service.
 * @param tries number of failed tries, at least 1
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
