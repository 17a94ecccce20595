/** First answers of requests with an Idempotency-Key. */
export { SqlIdempotencyStore } from './idempotency-store.ts';
