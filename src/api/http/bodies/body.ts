import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parseExactJson } from '../../../core/json/exact-json.ts';
import { scanJson, textOf } from '../../../core/json/json-scan.ts';
import { BODY_TIMEOUT_MS, MAX_ADMIN_BODY_BYTES } from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Clock } from '../../../ports/clock.ts';
import { isJsonType, isStructuredCloudEvent, ProblemError, problemError } from '../answers/index.ts';
import { BODIES_FULL, type RequestBodies } from '../budgets/index.ts';
import { sendContinue } from '../sockets/index.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { ODD_CHUNKS, WireBytes } from './wire-bytes.ts';

/** Rules for the body of a route. */
export interface BodyRule {
  readonly maxBytes: number;
  /** Raw bytes for the route to scan itself; otherwise the parsed value. */
  readonly raw: boolean;
  /** Also `application/cloudevents+json`. */
  readonly cloudEvents?: boolean;
}

export const ADMIN_BODY: BodyRule = { maxBytes: MAX_ADMIN_BODY_BYTES, raw: false };

/** Interval of the check for late bodies. One timer serves all requests: a timer for each cost 3 µs. */
const SWEEP_MS: Milliseconds = 1_000;

/**
 * Reads JSON bodies. It replaces Fastify's reader, which accepts compressed bytes as text, replaces invalid UTF-8 with U+FFFD,
 * and has no deadline.
 */
export class BodyReader {
  readonly #clock: Clock;
  readonly #bodies: RequestBodies;
  /** Bodies in progress with their start times, the oldest first. */
  readonly #underWay = new Map<Collecting, Milliseconds>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(parts: { clock: Clock; bodies: RequestBodies }) {
    this.#clock = parts.clock;
    this.#bodies = parts.bodies;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /**
   * Rejects with a `ProblemError`.
   * @returns undefined if the body is empty
   */
  async read(message: IncomingMessage, rule: BodyRule): Promise<unknown> {
    const problem = headProblem(message, rule);
    if (problem !== undefined) {
      if (await this.#isEmpty(message)) return undefined;
      throw new ProblemError(problem);
    }
    sendContinue(message);
    const bytes = await this.#collect(message, rule.maxBytes);
    if (bytes.length === 0) return undefined;
    if (!isUtf8(bytes)) throw problemError('invalid_json', 'The body is not valid UTF-8.');
    return rule.raw ? bytes : parseJson(bytes);
  }

  /** A chunked body has no length in advance: it is empty if its end arrives before any byte. */
  async #isEmpty(message: IncomingMessage): Promise<boolean> {
    // A client that sent `Expect: 100-continue` has a body, so it is not asked for one here.
    if (message.headers['transfer-encoding'] === undefined || message.headers.expect !== undefined) return false;
    try {
      await this.#collect(message, 0);
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.code === 'payload_too_large') return false;
      throw error;
    }
  }

  async #collect(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
    const collecting = new Collecting(message, maxBytes, this.#bodies);
    this.#underWay.set(collecting, this.#clock.monotonicMs());
    try {
      return await collecting.whole;
    } finally {
      this.#underWay.delete(collecting);
    }
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    const latest = this.#clock.monotonicMs() - BODY_TIMEOUT_MS;
    for (const [collecting, since] of this.#underWay) {
      if (since > latest) return;
      collecting.fail(TOO_SLOW);
    }
  }
}

const TOO_SLOW: Problem = {
  code: 'request_timeout',
  detail: `The body must arrive within ${BODY_TIMEOUT_MS / 1_000} seconds.`,
};

/** Collects the bytes of one body. */
class Collecting {
  readonly whole: Promise<Buffer>;
  readonly fail: (problem: Problem) => void;

  constructor(message: IncomingMessage, maxBytes: number, bodies: RequestBodies) {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const declared = message.headers['content-length'];
    const bytes = new GrowingBuffer(declared === undefined ? maxBytes : Math.min(maxBytes, Number(declared)));
    const wire = new WireBytes(message);
    const charge = bodies.of(message);
    const stop = () => {
      message.off('data', take).off('end', end).off('close', cut).off('error', cut);
    };
    const fail = (problem: Problem) => {
      stop();
      bytes.take();
      charge.set(0);
      reject(new ProblemError(problem));
    };
    const take = (chunk: Buffer) => {
      if (bytes.length + chunk.length > maxBytes) {
        fail(tooLarge(maxBytes));
        return;
      }
      bytes.add(chunk);
      if (!charge.set(bytes.room)) fail(BODIES_FULL);
      else if (wire.isOdd(chunk.length)) fail(ODD_CHUNKS);
    };
    const end = () => {
      stop();
      resolve(bytes.take());
    };
    const cut = () => fail({ code: 'bad_request', detail: 'The connection ended before the body did.' });
    message.on('data', take).on('end', end).on('close', cut).on('error', cut);
    this.whole = promise;
    this.fail = fail;
  }
}

function headProblem(message: IncomingMessage, { maxBytes, cloudEvents = false }: BodyRule): Problem | undefined {
  const { headers, rawHeaders } = message;
  const type = headers['content-type'];
  const isTaken = isJsonType(type) || (cloudEvents && isStructuredCloudEvent(type));
  if (!isTaken || countHeader(rawHeaders, 'content-type') > 1) {
    return { code: 'unsupported_media_type', detail: 'Send the body as application/json in UTF-8.' };
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { code: 'unsupported_media_type', detail: 'Send the body without compression (no Content-Encoding).' };
  }
  return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** @param rawHeaders alternating names and values, as in Node's `rawHeaders` */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i];
    if (given?.length === name.length && given.toLowerCase() === name) count++;
  }
  return count;
}

function tooLarge(maxBytes: number): Problem {
  return { code: 'payload_too_large', detail: `The body may have at most ${maxBytes} bytes.` };
}

function parseJson(bytes: Buffer): unknown {
  const scan = scanJson(bytes);
  if (scan.kind === 'invalid') throw problemError('invalid_json', `The body is not valid: ${scan.detail}.`);
  const body: unknown = JSON.parse(bytes.toString('utf8'));
  const filter = scan.kind === 'object' ? scan.members.find(({ key }) => key === 'filter') : undefined;
  if (filter === undefined) return body;
  // Exact numbers are objects. In other fields they would pass for an object: `headers` could be a number.
  return { ...(body as object), filter: parseExactJson(textOf(bytes, filter)) };
}
