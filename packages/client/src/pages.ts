import type { Http, Request } from './http.ts';

interface Page<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

/** Yields the rows of a list, newest first. The next page is requested when it is needed. */
export async function* rowsOf<Row>(http: Http, path: string, request: Request = {}): AsyncGenerator<Row, void> {
  let cursor: string | null = null;
  do {
    const query: Request['query'] = { ...request.query, ...(cursor === null ? {} : { cursor }) };
    const page: Page<Row> = await http.json('GET', path, { ...request, query });
    yield* page.data;
    cursor = page.next_cursor ?? null;
  } while (cursor !== null);
}
