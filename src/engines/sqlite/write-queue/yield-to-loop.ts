/** Resolves in the next turn of the event loop, so that other requests are served between two steps of a long read. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after a time; 0 = in the next turn of the event loop. */
export function pause(ms: number): Promise<void> {
  return ms === 0 ? yieldToLoop() : new Promise((resolve) => setTimeout(resolve, ms));
}
