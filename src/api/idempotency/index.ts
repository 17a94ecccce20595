/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) for every POST that creates or starts something. */

export { idempotencyKey, itemDedupId } from './key.ts';
export { answerRepeatedRequests, isRepeatable } from './repeatable.ts';
