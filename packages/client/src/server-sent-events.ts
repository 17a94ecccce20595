export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** Parses server-sent events (WHATWG HTML, 9.2.6). A message that only moves the position has empty `event` and `data`. */
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
