/** What of an organization's events is to leave. */
export { type Eraser, SqlErasureStore } from './erasure-store.ts';
