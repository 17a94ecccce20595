import type { Event } from './types.ts';

/** What the pages read of the API. Types of the contract are generated (`types.ts`); here stands what only pages have. */
export type {
  Delivery,
  DeliveryWithAttempts,
  Endpoint,
  EndpointStats,
  Key,
  Me,
  TestResult,
  Trace,
} from './types.ts';

export interface Page<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

/** An event of a list, or a message of an inbox; `data` is the text as it came. */
export interface EventRow extends Omit<Event, 'data'> {
  readonly data: string;
  readonly status?: string;
  readonly lease_count?: number;
}
