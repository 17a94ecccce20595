import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { ACTIVITY_KINDS, type ActivityKind } from '../../../core/events/activity.ts';
import { isEventTypePattern } from '../../../core/events/event-type.ts';
import { type EventId, isUuid } from '../../../core/ids.ts';
import {
  MAX_EVENT_TYPE_PATTERNS,
  MAX_STREAM_PATTERN_CHARACTERS,
  MAX_STREAMS_PER_ORGANIZATION,
} from '../../../core/limits.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Tail } from '../../../pipeline/live/index.ts';
import { isStillAllowed } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { invalidField, logCutAnswer, ProblemError, setAnswerHeaders } from '../../http/answers/index.ts';
import { positionOnly, serverSentEvents } from './server-sent-events.ts';

/** Interval of keep-alive comments, shorter than the idle timeout of usual proxies. */
const KEEP_ALIVE_MS: Milliseconds = 15_000;
/** A client that reads nothing for this long is disconnected. */
const STALL_MS: Milliseconds = 30_000;
/** Time at the end for data that is written already. */
const LAST_WORDS_MS: Milliseconds = 500;
const RETRY_AFTER_SECONDS = 5;

const StreamQuery = {
  type: 'object',
  properties: {
    types: { type: 'string', description: 'Comma-separated event types or patterns; empty = all.' },
    kinds: { type: 'string', description: 'event, delivery, or both, separated by a comma; empty = both.' },
    last_event_id: {
      type: 'string',
      description: 'The same as the header Last-Event-ID, for clients that cannot set headers.',
    },
  },
} as const;
type StreamQuery = FromSchema<typeof StreamQuery>;

export function streamRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { liveTail, authenticator, log } = parts;

  app.get<{ Querystring: StreamQuery }>(
    '/api/stream',
    // HEAD is disabled: its handler would never end.
    { schema: { querystring: StreamQuery }, exposeHeadRoute: false },
    async (request, reply) => {
      const opened = await liveTail.open({
        organizationId: request.caller.organization.id,
        filter: { types: readTypes(request.query.types), kinds: readKinds(request.query.kinds) },
        after: lastEventId(request),
        isAllowed: isStillAllowed(authenticator, request),
      });
      if (typeof opened === 'string') throw refusals[opened]();
      setAnswerHeaders(request, reply);
      reply.hijack();
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) logCutAnswer(parts, request, reply);
      });
      try {
        await stream(reply, opened.tail);
      } catch (error) {
        // The stream ends like a broken connection, so that the client reconnects and resumes.
        log.warn('A stream ended early: the events that its client had missed could not be read', {}, error);
      } finally {
        finish(reply.raw, opened.tail);
        opened.close();
      }
    },
  );
}

const refusals = {
  too_many: () =>
    new ProblemError({
      code: 'rate_limited',
      detail: `Your organization may have ${MAX_STREAMS_PER_ORGANIZATION} open streams, with at most ${MAX_STREAM_PATTERN_CHARACTERS} characters of types in total.`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    }),
  full: () =>
    new ProblemError({
      code: 'unavailable',
      detail: 'Too many streams are open. Try again later.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    }),
  stopping: () =>
    new ProblemError({ code: 'unavailable', detail: 'The service is stopping. Try again.', retryAfterSeconds: 1 }),
};

async function stream(reply: FastifyReply, tail: Tail): Promise<void> {
  const { raw } = reply;
  raw.on('error', () => {});
  raw.once('close', () => tail.end('gone'));
  if (raw.destroyed) return;
  reply.headers({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    connection: 'close',
  });
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  // Node sends the headers with the first bytes.
  raw.write(`: live\nretry: 1000\n${place(tail) || '\n'}`);
  const keepAlive = setInterval(() => {
    if (raw.writableLength === 0) raw.write(`: keep-alive\n${place(tail) || '\n'}`);
  }, KEEP_ALIVE_MS);
  try {
    for (let messages = await tail.next(); messages !== undefined; messages = await tail.next()) {
      if (!raw.write(serverSentEvents(messages))) await drained(raw, tail);
    }
  } finally {
    clearInterval(keepAlive);
  }
}

function place(tail: Tail): string {
  const position = tail.takePosition();
  return position === null ? '' : positionOnly(position);
}

/**
 * Resolves when the client has read the written data, or when the tail has ended, as it does for a client that reads nothing.
 */
function drained(raw: ServerResponse, tail: Tail): Promise<void> {
  if (tail.ended !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const stalled = setTimeout(() => tail.end('slow'), STALL_MS);
    const done = () => {
      clearTimeout(stalled);
      forget();
      raw.off('drain', done);
      resolve();
    };
    const forget = tail.onEnd(done);
    raw.once('drain', done);
  });
}

/** Ends a stream: a slow client's connection is destroyed, other clients get the end of the stream. */
function finish(raw: ServerResponse, tail: Tail): void {
  if (tail.ended !== 'over' || raw.destroyed) {
    raw.destroy();
    return;
  }
  const patience = setTimeout(() => raw.destroy(), LAST_WORDS_MS);
  raw.once('close', () => clearTimeout(patience));
  raw.end();
}

function readTypes(text = ''): string[] {
  const types = text.split(',').filter((type) => type !== '');
  if (types.length > MAX_EVENT_TYPE_PATTERNS)
    throw invalidField('types', `may have at most ${MAX_EVENT_TYPE_PATTERNS} patterns`);
  if (!types.every(isEventTypePattern)) throw invalidField('types', 'must be event types or patterns');
  return types;
}

function readKinds(text = ''): ActivityKind[] {
  const asked = text.split(',').filter((kind) => kind !== '');
  const kinds = ACTIVITY_KINDS.filter((kind) => asked.length === 0 || asked.includes(kind));
  if (asked.length > 0 && !asked.every((kind) => kinds.some((known) => known === kind))) {
    throw invalidField('kinds', `must be one of ${ACTIVITY_KINDS.join(', ')}, or both, separated by a comma`);
  }
  return kinds;
}

/**
 * Reads a position among ids; any organization's id is accepted.
 * @returns null for text that is not an id
 */
function lastEventId(request: FastifyRequest<{ Querystring: StreamQuery }>): EventId | null {
  const given = request.headers['last-event-id'] ?? request.query.last_event_id;
  return typeof given === 'string' && isUuid(given) ? (given.toLowerCase() as EventId) : null;
}
