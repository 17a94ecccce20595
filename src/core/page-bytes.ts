interface WithData {
  readonly data: string;
}

/** What an event counts for where a page is bounded by bytes: its data in UTF-8, as both engines count it. */
export function dataBytes({ data }: WithData): number {
  return Buffer.byteLength(data);
}

/**
 * Whether rows come to so many bytes. A store ends a page with the row that reaches its bound, so that a page with fewer
 * rows than were asked for is the last one only where this is false.
 */
export function fillsPage(events: Iterable<WithData>, maxBytes: number): boolean {
  let bytes = 0;
  for (const event of events) {
    bytes += dataBytes(event);
    if (bytes >= maxBytes) return true;
  }
  return false;
}
