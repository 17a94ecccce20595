import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { eventually } from './service.ts';

export interface StreamMessage {
  readonly event: string;
  /** The message's own `id:` line; null when it has none. */
  readonly id: string | null;
  readonly data: string;
  // biome-ignore lint/suspicious/noExplicitAny: messages are looked at by their expected shape
  readonly json: any;
}

/** Reads `GET /api/stream` by the rules of the standard (WHATWG HTML, 9.2.6). */
export class StreamReader {
  readonly messages: StreamMessage[] = [];
  readonly comments: string[] = [];
  /** What a browser would send when it comes again. */
  lastEventId = '';
  status = 0;
  headers: IncomingMessage['headers'] = {};
  /** Everything that came when the status was no 200. */
  text = '';
  ended: 'in order' | 'cut' | null = null;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #rest = '';

  private constructor(call: ClientRequest) {
    this.#request = call;
  }

  /** Resolves with the first bytes. */
  static async open(
    url: string,
    options: { query?: string; key: string; lastEventId?: string; reads?: boolean },
  ): Promise<StreamReader> {
    const { query = '', key, lastEventId, reads = true } = options;
    const headers = { 'x-api-key': key, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
    const call = request(`${url}/api/stream${query}`, { headers, agent: false });
    const reader = new StreamReader(call);
    await new Promise<void>((resolve, reject) => {
      call.on('error', reject);
      call.on('response', (response) => {
        reader.#begin(response);
        if (!reads) {
          response.pause();
          resolve();
          return;
        }
        response.on('data', (chunk: string) => {
          reader.#take(chunk);
          resolve();
        });
        response.on('close', resolve);
      });
      call.end();
    });
    return reader;
  }

  of(event: string): StreamMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** The ids of the events it was shown, in order. */
  get eventIds(): string[] {
    return this.of('event').map(({ json }) => json.id);
  }

  /** Resolves when so many messages of a kind have come. */
  waitFor(event: string, count: number, timeoutMs?: number): Promise<StreamMessage[]> {
    return eventually(() => {
      const found = this.of(event);
      if (found.length < count) throw new Error(`${found.length} of ${count} messages '${event}' came`);
      return found;
    }, timeoutMs);
  }

  async untilEnded(timeoutMs?: number): Promise<'in order' | 'cut'> {
    return eventually(() => {
      if (this.ended === null) throw new Error('the stream goes on');
      return this.ended;
    }, timeoutMs);
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  #begin(response: IncomingMessage): void {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('error', () => {});
    response.on('close', () => {
      this.ended = response.complete ? 'in order' : 'cut';
    });
  }

  #take(chunk: string): void {
    if (this.status !== 200) {
      this.text += chunk;
      return;
    }
    this.#rest += chunk;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#read(block);
  }

  #read(block: string): void {
    let [event, id]: [string, string | null] = ['message', null];
    const data: string[] = [];
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments.push(line);
      if (line.startsWith('event: ')) event = line.slice(7);
      if (line.startsWith('id: ')) id = line.slice(4);
      if (line.startsWith('data: ')) data.push(line.slice(6));
    }
    if (id !== null) this.lastEventId = id;
    if (data.length === 0) return;
    const text = data.join('\n');
    this.messages.push({ event, id, data: text, json: JSON.parse(text) });
  }
}
