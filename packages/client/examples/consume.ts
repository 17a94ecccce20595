import { TriggersClient } from 'triggers-client';

/** Works through the inbox until the signal is aborted (Ctrl-C, SIGTERM): ten events at a time, each by one consumer. */
export async function workThrough(
  url: string,
  apiKey: string,
  work: (type: string, data: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const client = new TriggersClient({ url, apiKey });
  await client.inbox.consume(({ type, data }) => work(type, data), {
    concurrency: 10,
    signal,
    onError: (error, { id }) => console.error(`event ${id} comes again:`, error),
  });
}
