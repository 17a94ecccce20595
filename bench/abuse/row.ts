/** Who abuses the service: an organization of its own, with events that are large and events that are many. */
export interface Abuser {
  readonly url: string;
  readonly key: string;
  readonly freeKey: string;
  readonly endpointId: string;
  readonly freeEndpointId: string;
}

/** One thing that somebody does on purpose. Ends when the signal aborts. */
export interface Row {
  readonly name: string;
  run(abuser: Abuser, signal: AbortSignal): Promise<void>;
}

/** So many at a time, one after the other each, until the signal. What fails is tried again. */
export async function again(width: number, signal: AbortSignal, act: () => Promise<unknown>): Promise<void> {
  const line = async () => {
    while (!signal.aborted) await act().catch(() => pause(20));
  };
  await Promise.all(Array.from({ length: width }, line));
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
