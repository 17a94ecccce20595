import { memberText, partsOf } from './json-text.ts';
import type { EventRow, Page } from './views.ts';

/** A refused request, with the detail of the problem. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

const STORED = 'triggers.key';
let onRefusedKey: () => void = () => {};

/** The API key of this tab. The browser forgets it when the tab is closed. */
export const session = {
  key: () => sessionStorage.getItem(STORED),
  enter: (key: string) => sessionStorage.setItem(STORED, key),
  leave: () => sessionStorage.removeItem(STORED),
  whenRefused(listener: () => void): void {
    onRefusedKey = listener;
  },
};

export async function ask(method: string, path: string, raw?: string, key = session.key()): Promise<string> {
  const response = await fetch(path, {
    method,
    headers: { 'x-api-key': key ?? '', ...(raw === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(raw === undefined ? {} : { body: raw }),
  }).catch(() => {
    throw new Refused(0, 'The service does not respond. Check that it is running.');
  });
  const text = await response.text();
  if (response.ok) return text;
  if (response.status === 401 && key === session.key()) onRefusedKey();
  throw new Refused(response.status, reasonIn(text) ?? `The service answered ${response.status}.`);
}

export async function call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const text = await ask(method, path, body === undefined ? undefined : JSON.stringify(body));
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

export const get = <Answer>(path: string) => call<Answer>('GET', path);

/** Lists events. `data` stays the text that the API sent. */
export async function getEvents(path: string): Promise<Page<EventRow>> {
  const text = await ask('GET', path);
  const cursor = memberText(text, 'next_cursor') ?? 'null';
  return {
    data: partsOf(memberText(text, 'data') ?? '[]').map(readEvent),
    next_cursor: JSON.parse(cursor) as string | null,
  };
}

export function readEvent(json: string): EventRow {
  return { ...(JSON.parse(json) as EventRow), data: memberText(json, 'data') ?? 'null' };
}

/** @returns `a=1&b=2` of the values that are set */
export function query(values: Readonly<Record<string, string | number | null | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

function reasonIn(text: string): string | undefined {
  try {
    const { detail, errors = [] } = JSON.parse(text) as {
      detail?: string;
      errors?: { path: string; message: string }[];
    };
    return [detail, ...errors.map(({ path, message }) => `${path} ${message}`)].filter(Boolean).join(' ');
  } catch {
    return undefined;
  }
}
