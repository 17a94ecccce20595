import { PATTERN_ROWS } from './pattern-rows.ts';
import { RECEIVER_ROWS } from './receiver-rows.ts';
import { REQUEST_ROWS } from './request-rows.ts';
import type { Row } from './row.ts';

/** Every row of work and memory that somebody from outside can cost. */
export const ROWS: readonly Row[] = [...REQUEST_ROWS, ...RECEIVER_ROWS, ...PATTERN_ROWS];
