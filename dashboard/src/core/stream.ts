import { Refused, session } from './api.ts';

interface StreamMessage {
  readonly event: string;
  readonly data: string;
}
type StreamState = 'connecting' | 'live' | 'waiting';

/** The service sends a comment every 15 s. A connection that is silent for longer than this is dead. */
const SILENCE_MS = 40_000;
const RETRY_MS = 1_500;

/**
 * Opens the live stream with fetch, because EventSource cannot send a key. Reconnects by itself and resumes after the last event.
 *
 * @returns a function that closes the stream
 */
export function openStream(args: {
  types: string;
  onMessages(messages: readonly StreamMessage[]): void;
  onState(state: StreamState): void;
  onRefused(reason: string): void;
}): () => void {
  const { types, onMessages, onState, onRefused } = args;
  let closed = false;
  let lastId = '';
  let abort = new AbortController();

  async function readOnce(): Promise<void> {
    abort = new AbortController();
    let alive = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      const response = await fetch(`/api/stream?types=${encodeURIComponent(types)}`, {
        headers: { 'x-api-key': session.key() ?? '', ...(lastId === '' ? {} : { 'last-event-id': lastId }) },
        signal: abort.signal,
      });
      if (response.status === 401 || response.status === 422) {
        const { detail, errors } = (await response.json()) as { detail: string; errors?: { message: string }[] };
        throw new Refused(response.status, errors?.[0] === undefined ? detail : `The filter ${errors[0].message}.`);
      }
      if (!response.ok || response.body === null) return;
      onState('live');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(alive);
        alive = setTimeout(() => abort.abort(), SILENCE_MS);
        const blocks = (rest + piece.value).split('\n\n');
        rest = blocks.pop() ?? '';
        onMessages(blocks.map(readBlock).filter(({ data }) => data !== ''));
      }
    } finally {
      clearTimeout(alive);
    }
  }

  function readBlock(block: string): StreamMessage {
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) lastId = line.slice(4);
      else if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ')) data.push(line.slice(6));
    }
    return { event, data: data.join('\n') };
  }

  async function run(): Promise<void> {
    while (!closed) {
      onState('connecting');
      try {
        await readOnce();
      } catch (error) {
        if (closed) return;
        if (error instanceof Refused) return onRefused(error.message);
      }
      if (closed) return;
      onState('waiting');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  void run();
  return () => {
    closed = true;
    abort.abort();
  };
}
