import type { EventInput } from '../../../core/events/event-request.ts';
import { readEventRequest } from '../../../core/events/event-request.ts';
import type { Problem, ProblemCode } from '../../../core/problem.ts';
import { toIso } from '../../../core/time.ts';
import type { Acceptance, Origin } from '../../../pipeline/accepting/index.ts';
import type { RateDecision } from '../../../ports/coordination/rate-limiter.ts';
import type { EngineUnavailable } from '../../../ports/unavailable.ts';
import type { ApiParts } from '../../context.ts';
import { unavailable } from '../../http/answers/index.ts';
import { itemDedupId } from '../../idempotency/index.ts';

/** The result of one item of a batch, as in the contract. */
export type ItemResult =
  | {
      readonly index: number;
      readonly status: 'accepted' | 'duplicate';
      readonly id: string;
      readonly created_at: string;
    }
  | { readonly index: number; readonly status: 'rejected'; readonly error: ItemError };

interface ItemError {
  readonly code: string;
  readonly detail: string;
  readonly errors?: Problem['errors'];
}

export interface Counts {
  accepted: number;
  duplicates: number;
  rejected: number;
}

/** One received item: its bytes, or the reason why it is not valid. */
export type Item = { readonly bytes: Buffer } | { readonly problem: Problem };

/** Accepts the items of a batch, or of a part of it. Items are independent of each other. */
export async function acceptItems(
  parts: Pick<ApiParts, 'acceptor' | 'clock'>,
  items: readonly Item[],
  args: {
    readonly origin: Origin;
    readonly decision: RateDecision | null;
    readonly firstIndex: number;
    readonly idempotencyKey: string | null;
  },
): Promise<{ readonly results: readonly ItemResult[]; readonly unavailable: EngineUnavailable | undefined }> {
  const now = parts.clock.now();
  const granted = args.decision?.granted ?? items.length;
  const read = items.map((item, at): EventInput | Problem => {
    if (at >= granted) return rateLimited(args.decision);
    if ('problem' in item) return item.problem;
    const request = readEventRequest(item.bytes, null, now);
    if (request.kind !== 'event') return request.problem;
    const { input } = request;
    const { idempotencyKey: key } = args;
    if (key === null || input.dedupId !== null) return input;
    return { ...input, dedupId: itemDedupId(key, args.firstIndex + at, item.bytes) };
  });
  const inputs = read.filter(isInput);
  parts.acceptor.countRejected(read.length - inputs.length);
  const accepted = await parts.acceptor.acceptMany(inputs, args.origin);
  let next = 0;
  let failure: EngineUnavailable | undefined;
  const results = read.map((item, at): ItemResult => {
    const index = args.firstIndex + at;
    if (!isInput(item)) return rejected(index, item);
    const acceptance = accepted[next++];
    if (acceptance === undefined) throw new Error('an item has no outcome');
    if (!('error' in acceptance)) return resultOf(index, acceptance);
    failure = acceptance.error;
    return rejected(index, unavailable(acceptance.error));
  });
  const isAll = failure !== undefined && accepted.every((acceptance) => 'error' in acceptance);
  return { results, unavailable: isAll ? failure : undefined };
}

function isInput(item: EventInput | Problem): item is EventInput {
  return !('code' in item);
}

/** Whether an item was refused temporarily, so that it may be accepted when it is sent again. */
export function mayChange(results: readonly ItemResult[]): boolean {
  return results.some((result) => result.status === 'rejected' && PASSING.has(result.error.code));
}

const PASSING: ReadonlySet<string> = new Set(['rate_limited', 'backlog_full', 'unavailable'] satisfies ProblemCode[]);

export function count(
  results: readonly ItemResult[],
  counts: Counts = { accepted: 0, duplicates: 0, rejected: 0 },
): Counts {
  for (const { status } of results) {
    if (status === 'accepted') counts.accepted++;
    else if (status === 'duplicate') counts.duplicates++;
    else counts.rejected++;
  }
  return counts;
}

function resultOf(index: number, { event, outcome }: Acceptance): ItemResult {
  switch (outcome.kind) {
    case 'accepted':
      return { index, status: 'accepted', id: event.id, created_at: toIso(event.createdAt) };
    case 'duplicate':
      return { index, status: 'duplicate', id: outcome.id, created_at: toIso(outcome.createdAt) };
    case 'backlog_full':
      return rejected(index, {
        code: 'backlog_full',
        detail: 'Too many events and deliveries are waiting. Try again later.',
      });
  }
}

function rejected(index: number, { code, detail, errors }: Problem): ItemResult {
  return { index, status: 'rejected', error: { code, detail, ...(errors === undefined ? {} : { errors }) } };
}

function rateLimited(decision: RateDecision | null): Problem {
  return {
    code: 'rate_limited',
    detail: `Your organization may send ${decision?.limit ?? 0} events a minute.`,
  };
}
