/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) on every POST that makes something. */

export { idempotencyKey, itemDedupId } from './key.ts';
export { answerRepeatedRequests, isRepeatable } from './repeatable.ts';
