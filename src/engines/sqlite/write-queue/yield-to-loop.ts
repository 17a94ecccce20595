/** Resolves when the event loop has come round: others' requests are handled between two steps of a long read. */
export function yieldToLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after so long; 0 = when the event loop has come round. */
export function pause(ms: number): Promise<void> {
  return ms === 0 ? yieldToLoop() : new Promise((resolve) => setTimeout(resolve, ms));
}
