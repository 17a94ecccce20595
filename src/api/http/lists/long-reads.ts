import type { OrganizationId } from '../../../core/ids.ts';
import { MAX_PAGE_BYTES, READ_PIECE_BYTES, READ_PIECE_ROWS } from '../../../core/limits.ts';
import { dataBytes } from '../../../core/page-bytes.ts';
import type { Problem } from '../../../core/problem.ts';
import type { ReadSlots } from '../../../pipeline/pacing/index.ts';
import { ProblemError } from '../answers/index.ts';
import type { ListPage } from './lists.ts';

const READS_FULL: Problem = {
  code: 'unavailable',
  detail: 'Your organization is reading too many lists at once. Try again in a moment.',
  retryAfterSeconds: 1,
};

/** Runs a long read when a slot is free. Throws the problem `unavailable` if too many wait. */
export async function readLong<Result>(
  reads: ReadSlots,
  organizationId: OrganizationId,
  read: () => Promise<Result>,
): Promise<Result> {
  const result = await reads.run(organizationId, read);
  if (result === 'full') throw new ProblemError(READS_FULL);
  return result;
}

/** The rows of a list to read next. */
export interface Piece {
  readonly limit: number;
  readonly after: string | null;
  readonly maxBytes: number;
}

interface PieceReader<Row> {
  read(piece: Piece): Promise<readonly Row[]>;
  idOf(row: Row): string;
  /** Null if the rows contain no event data. */
  dataOf(row: Row): { readonly data: string } | null;
  /** Default: `READ_PIECE_ROWS`. */
  readonly pieceRows?: number;
}

/** Rows in one piece of a list that is read by several ranges, one for each of six statuses. */
export const DELIVERY_PIECE_ROWS = 100;
/** Rows in one piece of a list whose rows have filters, headers and certificates. */
export const ENDPOINT_PIECE_ROWS = 50;

/**
 * Reads a page of a list in pieces, and yields to other work between them. The page ends at the requested number of rows, or at
 * `MAX_PAGE_BYTES`.
 */
export function readPage<Row>(
  reads: ReadSlots,
  organizationId: OrganizationId,
  page: ListPage,
  reader: PieceReader<Row>,
): Promise<{ rows: readonly Row[]; nextCursor: string | null }> {
  return readLong(reads, organizationId, async () => {
    // An additional row shows that there is a next page.
    const wanted = { limit: page.request.limit + 1, after: page.request.after };
    const { rows, isFull } = await readRows(reads, organizationId, wanted, reader);
    return page.cut(rows, reader.idOf, isFull);
  });
}

/** Reads rows of a list in pieces. The caller must have a slot (`readLong`). */
export async function readRows<Row>(
  reads: ReadSlots,
  organizationId: OrganizationId,
  wanted: { readonly limit: number; readonly after: string | null },
  { read, idOf, dataOf, pieceRows = READ_PIECE_ROWS }: PieceReader<Row>,
): Promise<{ rows: readonly Row[]; isFull: boolean }> {
  const rows: Row[] = [];
  let bytes = 0;
  let { after } = wanted;
  for (let more = true; more && rows.length < wanted.limit && bytes < MAX_PAGE_BYTES; ) {
    const limit = Math.min(pieceRows, wanted.limit - rows.length);
    const piece = { limit, after, maxBytes: Math.min(READ_PIECE_BYTES, MAX_PAGE_BYTES - bytes) };
    const found = await reads.piece(organizationId, () => read(piece));
    const foundBytes = found.reduce((sum, row) => sum + bytesOf(dataOf(row)), 0);
    rows.push(...found);
    bytes += foundBytes;
    more = found.length === piece.limit || foundBytes >= piece.maxBytes;
    const last = found.at(-1);
    if (last !== undefined) after = idOf(last);
  }
  return { rows, isFull: bytes >= MAX_PAGE_BYTES };
}

function bytesOf(event: { readonly data: string } | null): number {
  return event === null ? 0 : dataBytes(event);
}
