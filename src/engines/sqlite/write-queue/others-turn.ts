/** Resolves when the event loop has come round: others' requests are handled between two steps of a long read. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
