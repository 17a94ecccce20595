import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MIN_NDJSON_BYTES_PER_SECOND, NDJSON_IDLE_MS, NDJSON_LINE_TIMEOUT_MS } from '../../../core/limits.ts';
import type { Problem } from '../../../core/problem.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { Origin } from '../../../pipeline/accepting/index.ts';
import { takeTokens } from '../../access/index.ts';
import type { ApiParts } from '../../context.ts';
import { isNdjsonType, NDJSON, ProblemError, problemError, setAnswerHeaders } from '../../http/answers/index.ts';
import { BodyChunks, countHeader, ODD_CHUNKS } from '../../http/bodies/index.ts';
import { BODIES_FULL, type Charge, type RequestBodies } from '../../http/budgets/index.ts';
import { dropRest, endAfterAnswer, sendContinue } from '../../http/sockets/index.ts';
import { idempotencyKey } from '../../idempotency/index.ts';
import { acceptItems, type Counts, count, type Item, type ItemResult } from './event-results.ts';
import { LineCutter, lineTimeMs } from './ndjson.ts';

/** Lines that are stored together, and the number of such groups that may be on their way to the store. */
const PIECE_LINES = 200;
const PIECE_BYTES = 1024 * 1024;
const MAX_UNDER_WAY = 4;

interface Piece {
  readonly items: Item[];
  bytes: number;
}

/**
 * One NDJSON upload. Lines are read as they arrive, stored in groups, and answered in order, each when its event is durable. If
 * the client does not read the answers, the upload is paused. Memory is bounded by a few groups, however long the upload is.
 */
export class NdjsonUpload {
  readonly #parts: ApiParts;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #incoming: IncomingMessage;
  readonly #answer: ServerResponse;
  readonly #charge: Charge;
  readonly #cutter = new LineCutter();
  readonly #counts: Counts = { accepted: 0, duplicates: 0, rejected: 0 };
  /** Answers of the groups in order; each waits for the one before. */
  readonly #underWay: Promise<void>[] = [];
  #piece: Piece = { items: [], bytes: 0 };
  /** Bytes of the groups in progress. */
  #bytesUnderWay = 0;
  #nextIndex = 0;
  #idempotencyKey: string | null = null;
  /** How long the client has taken for the incomplete line so far. */
  #lineWaitedMs: Milliseconds = 0;

  constructor(parts: ApiParts, request: FastifyRequest, reply: FastifyReply, bodies: RequestBodies) {
    this.#parts = parts;
    this.#charge = bodies.of(request.raw);
    this.#request = request;
    this.#reply = reply;
    this.#incoming = request.raw;
    this.#answer = reply.raw;
  }

  /**
   * Resolves when every line is answered, or when the client has disconnected. Answered events stay stored.
   * @throws ProblemError only before the first answer
   */
  async run(origin: Origin): Promise<void> {
    checkHead(this.#request);
    this.#idempotencyKey = idempotencyKey(this.#request);
    sendContinue(this.#incoming);
    const chunks = new BodyChunks(this.#incoming);
    const socket = this.#incoming.socket;
    // The timeout restarts with every byte in either direction. A client that neither reads nor sends is disconnected.
    const cut = () => socket.destroy();
    socket.setTimeout(NDJSON_IDLE_MS, cut);
    try {
      const problem = await this.#read(chunks, origin).finally(() => chunks.stop());
      if (problem !== null && !this.#answer.headersSent && this.#underWay.length === 0) throw new ProblemError(problem);
      await this.#send(origin);
      await this.#underWay.at(-1);
      if (this.#answer.destroyed) {
        this.#reply.hijack();
        return;
      }
      this.#begin();
      if (problem === null) this.#answer.end(`${JSON.stringify(this.#counts)}\n`);
      else this.#endEarly(problem);
    } catch (error) {
      if (error instanceof ProblemError && !this.#answer.headersSent) throw error;
      // The client has disconnected, or storing has failed: answered events are stored, and the missing answers show the rest.
      await Promise.allSettled(this.#underWay);
      this.#reply.hijack();
      this.#answer.destroy();
      if (!this.#incoming.destroyed) this.#parts.log.warn('An NDJSON upload ended early', {}, error);
    } finally {
      socket.setTimeout(0).off('timeout', cut);
    }
  }

  /** @returns the reason why the upload was not read completely; null if it was */
  async #read(chunks: BodyChunks, origin: Origin): Promise<Problem | null> {
    while (true) {
      const chunk = await this.#next(chunks);
      if (chunk === 'late') return TOO_SLOW;
      if (chunk === null) {
        await this.#take(this.#cutter.end(), origin);
        return null;
      }
      if (chunks.isOdd) return ODD_CHUNKS;
      const items = this.#cutter.push(chunk);
      if (items.length > 0) this.#lineWaitedMs = 0;
      // Blank lines are not items, but they also keep their chunk in memory.
      this.#piece.bytes += chunk.length;
      if (!(await this.#hasRoom(origin))) return BODIES_FULL;
      await this.#take(items, origin);
      // The lines so far are stored without waiting for more.
      if (!chunks.hasMore) await this.#send(origin);
      if (this.#answer.destroyed) return null;
    }
  }

  /** Only the client's time counts, not the time in which the service does not read. */
  async #next(chunks: BodyChunks): Promise<Buffer | 'late' | null> {
    const { clock } = this.#parts;
    if (this.#cutter.begunBytes === 0) {
      this.#lineWaitedMs = 0;
      return chunks.next(null);
    }
    const leftMs = lineTimeMs(this.#cutter.begunBytes) - this.#lineWaitedMs;
    if (leftMs <= 0) return 'late';
    const startedAt = clock.monotonicMs();
    const chunk = await chunks.next(leftMs);
    this.#lineWaitedMs += clock.monotonicMs() - startedAt;
    return chunk;
  }

  /** If the budget is full, waits for groups in progress to free some of it. */
  async #hasRoom(origin: Origin): Promise<boolean> {
    if (this.#isCharged()) return true;
    await this.#send(origin);
    await this.#underWay.at(-1);
    return this.#isCharged();
  }

  #isCharged(): boolean {
    return this.#charge.set(this.#cutter.room + this.#piece.bytes + this.#bytesUnderWay);
  }

  #begin(): void {
    if (this.#answer.headersSent) return;
    this.#reply.hijack();
    setAnswerHeaders(this.#request, this.#reply);
    this.#reply.header('content-type', `${NDJSON}; charset=utf-8`);
    this.#answer.writeHead(202, this.#reply.getHeaders() as OutgoingHttpHeaders);
    this.#answer.flushHeaders();
  }

  /** Answers the current line with the problem. Later lines are not read. */
  #endEarly({ code, detail }: Problem): void {
    this.#counts.rejected++;
    const last = { index: this.#nextIndex, status: 'rejected', error: { code, detail } };
    this.#answer.write(`${JSON.stringify(last)}\n${JSON.stringify(this.#counts)}\n`);
    endAfterAnswer(this.#request);
    dropRest(this.#incoming, this.#answer);
  }

  async #take(items: readonly Item[], origin: Origin): Promise<void> {
    for (const item of items) {
      this.#piece.items.push(item);
      if (this.#piece.items.length >= PIECE_LINES || this.#piece.bytes >= PIECE_BYTES) await this.#send(origin);
    }
  }

  /** Passes the group to the store, and waits while too many are in progress. */
  async #send(origin: Origin): Promise<void> {
    const { items, bytes } = this.#piece;
    if (items.length === 0) this.#piece.bytes = 0;
    else {
      this.#piece = { items: [], bytes: 0 };
      this.#bytesUnderWay += bytes;
      const firstIndex = this.#nextIndex;
      this.#nextIndex += items.length;
      const before = this.#underWay.at(-1);
      const answered = Promise.all([this.#accept(items, origin, firstIndex), before]).then(([results]) =>
        this.#write(results),
      );
      const done = () => {
        this.#bytesUnderWay -= bytes;
      };
      answered.then(done, done);
      this.#underWay.push(answered);
    }
    while (this.#underWay.length >= MAX_UNDER_WAY) await this.#underWay.shift();
  }

  async #accept(items: readonly Item[], origin: Origin, firstIndex: number): Promise<readonly ItemResult[]> {
    const decision = await takeTokens(this.#parts, this.#request, items.length);
    const args = { origin, decision, firstIndex, idempotencyKey: this.#idempotencyKey };
    return (await acceptItems(this.#parts, items, args)).results;
  }

  async #write(results: readonly ItemResult[]): Promise<void> {
    if (this.#answer.destroyed) return;
    this.#begin();
    count(results, this.#counts);
    const lines = results.map((result) => `${JSON.stringify(result)}\n`).join('');
    if (this.#answer.write(lines)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#answer.off('drain', done).off('close', done);
        resolve();
      };
      this.#answer.on('drain', done).on('close', done);
    });
  }
}

const TOO_SLOW: Problem = {
  code: 'request_timeout',
  detail: `A line must arrive within ${NDJSON_LINE_TIMEOUT_MS / 1_000} seconds, at no less than ${MIN_NDJSON_BYTES_PER_SECOND} bytes a second.`,
};

function checkHead({ headers, raw }: FastifyRequest): void {
  if (!isNdjsonType(headers['content-type']) || countHeader(raw.rawHeaders, 'content-type') > 1) {
    throw problemError('unsupported_media_type', `Send the body as ${NDJSON} in UTF-8.`);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw problemError('unsupported_media_type', 'Send the body without compression (no Content-Encoding).');
  }
}
