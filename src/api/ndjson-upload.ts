import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NDJSON_IDLE_MS } from '../core/limits.ts';
import type { Origin } from '../pipeline/accept.ts';
import { countHeader } from './body.ts';
import type { ApiParts } from './context.ts';
import { acceptItems, type Counts, count, type Item, type ItemResult } from './event-results.ts';
import { isNdjsonType, NDJSON } from './media-types.ts';
import { LineCutter } from './ndjson.ts';
import { problemError } from './problems.ts';
import { takeTokens } from './rate-limit.ts';
import { stampAnswer } from './stamp.ts';

/** Lines that are kept together, and how many such pieces may be on their way to the store. */
const PIECE_LINES = 200;
const PIECE_BYTES = 1024 * 1024;
const MAX_UNDER_WAY = 4;

interface Piece {
  readonly items: Item[];
  bytes: number;
}

/**
 * One upload of NDJSON: read as it comes, kept in pieces, answered line by line in order, each result only when its event is
 * durable. Who does not read the answers is not read from either; memory is a few pieces, however long it goes on.
 */
export class NdjsonUpload {
  readonly #parts: ApiParts;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #incoming: IncomingMessage;
  readonly #answer: ServerResponse;
  readonly #counts: Counts = { accepted: 0, duplicates: 0, rejected: 0 };
  /** Answers to pieces, in order; each waits for the one before. */
  readonly #underWay: Promise<void>[] = [];
  #piece: Piece = { items: [], bytes: 0 };
  #nextIndex = 0;

  constructor(parts: ApiParts, request: FastifyRequest, reply: FastifyReply) {
    this.#parts = parts;
    this.#request = request;
    this.#reply = reply;
    this.#incoming = request.raw;
    this.#answer = reply.raw;
  }

  /** Resolves when all is answered, or when the other side has gone: what it was told of is kept. */
  async run(origin: Origin): Promise<void> {
    checkHead(this.#request);
    const socket = this.#incoming.socket;
    // Bytes that come or go put it off; a client that reads nothing, and sends nothing, is cut.
    socket.setTimeout(NDJSON_IDLE_MS, () => socket.destroy());
    this.#begin();
    try {
      const cutter = new LineCutter();
      for await (const chunk of this.#incoming) {
        await this.#take(cutter.push(chunk as Buffer), origin);
        // What has come so far is not held back for what may come later.
        if (this.#incoming.readableLength === 0) await this.#send(origin);
        if (this.#answer.destroyed) return;
      }
      await this.#take(cutter.end(), origin);
      await this.#send(origin);
      await this.#underWay.at(-1);
      this.#answer.end(`${JSON.stringify(this.#counts)}\n`);
    } catch (error) {
      // The client is gone, or we can't go on: what was answered is kept, and the missing rest says so.
      await Promise.allSettled(this.#underWay);
      this.#answer.destroy();
      if (!this.#incoming.destroyed) this.#parts.log.warn('An NDJSON upload ended early', {}, error);
    } finally {
      socket.setTimeout(0);
    }
  }

  #begin(): void {
    this.#reply.hijack();
    stampAnswer(this.#request, this.#reply);
    this.#reply.header('content-type', `${NDJSON}; charset=utf-8`);
    this.#answer.writeHead(202, this.#reply.getHeaders() as OutgoingHttpHeaders);
    this.#answer.flushHeaders();
  }

  async #take(items: readonly Item[], origin: Origin): Promise<void> {
    for (const item of items) {
      this.#piece.items.push(item);
      this.#piece.bytes += 'bytes' in item ? item.bytes.length : 0;
      if (this.#piece.items.length >= PIECE_LINES || this.#piece.bytes >= PIECE_BYTES) await this.#send(origin);
    }
  }

  /** Hands the piece over, and waits while too many are under way. */
  async #send(origin: Origin): Promise<void> {
    const { items } = this.#piece;
    if (items.length > 0) {
      this.#piece = { items: [], bytes: 0 };
      const firstIndex = this.#nextIndex;
      this.#nextIndex += items.length;
      const before = this.#underWay.at(-1);
      const answered = Promise.all([this.#accept(items, origin, firstIndex), before]).then(([results]) =>
        this.#write(results),
      );
      answered.catch(() => {});
      this.#underWay.push(answered);
    }
    while (this.#underWay.length >= MAX_UNDER_WAY) await this.#underWay.shift();
  }

  async #accept(items: readonly Item[], origin: Origin, firstIndex: number): Promise<readonly ItemResult[]> {
    const decision = await takeTokens(this.#parts, this.#request, items.length);
    return (await acceptItems(this.#parts, items, { origin, decision, firstIndex })).results;
  }

  async #write(results: readonly ItemResult[]): Promise<void> {
    if (this.#answer.destroyed) return;
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

function checkHead({ headers, raw }: FastifyRequest): void {
  if (!isNdjsonType(headers['content-type']) || countHeader(raw.rawHeaders, 'content-type') > 1) {
    throw problemError('unsupported_media_type', `Send the body as ${NDJSON} in UTF-8.`);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw problemError('unsupported_media_type', 'Send the body without compression (no Content-Encoding).');
  }
}
