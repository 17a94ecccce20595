import { toIso } from '../../../core/time.ts';
import type { Acceptance } from '../../../pipeline/accepting/index.ts';
import { ProblemError } from '../../http/answers/index.ts';

/** The answer of `POST /api/events`, as `application/json`. */
export interface EventAnswer {
  readonly status: 202 | 200;
  readonly body: string;
}

/** Throws the problem `backlog_full`. */
export function eventAnswer({ event, outcome }: Acceptance): EventAnswer {
  const { id, type, createdAt } = event;
  switch (outcome.kind) {
    case 'accepted':
      return {
        status: 202,
        body: `{"id":"${id}","type":"${type}","status":"accepted","created_at":"${toIso(createdAt)}"}`,
      };
    case 'duplicate':
      return {
        status: 200,
        body: `{"id":"${outcome.id}","type":"${type}","status":"duplicate","created_at":"${toIso(outcome.createdAt)}"}`,
      };
    case 'backlog_full':
      throw new ProblemError({
        code: 'backlog_full',
        detail: 'Too many events and deliveries are waiting. Try again later.',
        retryAfterSeconds: outcome.retryAfterSeconds,
      });
  }
}
