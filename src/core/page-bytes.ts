interface WithData {
  readonly data: string;
}

/** An event's size for byte-bounded pages: its data in UTF-8, as both engines count it. */
export function dataBytes({ data }: WithData): number {
  return Buffer.byteLength(data);
}

/**
 * Whether rows reach the byte bound. A store ends a page with the row that reaches the bound, so a page shorter than
 * requested is the last one only if this is false.
 */
export function fillsPage(events: Iterable<WithData>, maxBytes: number): boolean {
  let bytes = 0;
  for (const event of events) {
    bytes += dataBytes(event);
    if (bytes >= maxBytes) return true;
  }
  return false;
}
