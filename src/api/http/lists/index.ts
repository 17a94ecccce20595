/** Lists: cursors, pages bounded in bytes, ranges of time. */

export { decodeCursor, decodeTextCursor, encodeCursor, encodeTextCursor } from './cursor.ts';
export { ListPage, PAGE_QUERY, TIME_QUERY } from './lists.ts';
export { DELIVERY_PIECE_ROWS, ENDPOINT_PIECE_ROWS, type Piece, readLong, readPage, readRows } from './long-reads.ts';
export { sortIds } from './named-ids.ts';
export { readTime, readTimeRange } from './times.ts';
