export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** The messages of an answer (WHATWG HTML, 9.2.6). One that only moves the place to resume at has `event` and `data` empty. */
export async function* serverSentEvents(response: Response): AsyncGenerator<ServerSentEvent, void> {
  let event = '';
  let data: string[] = [];
  let lastEventId = '';
  for await (const line of linesOf(response)) {
    if (line === '') {
      if (data.length > 0 || lastEventId !== '') yield { event, data: data.join('\n'), lastEventId };
      event = '';
      data = [];
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id') lastEventId = value;
  }
}

async function* linesOf(response: Response): AsyncGenerator<string, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      const lines = (rest + decoder.decode(chunk.value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
