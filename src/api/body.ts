import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { scanJson } from '../core/json-scan.ts';
import { BODY_TIMEOUT_MS, MAX_ADMIN_BODY_BYTES } from '../core/limits.ts';
import type { Problem } from '../core/problem.ts';
import { ProblemError, problemError } from './problems.ts';

/** What a route takes as its body. */
export interface BodyRule {
  readonly maxBytes: number;
  /** Raw bytes for the route to scan itself; otherwise the parsed value. */
  readonly raw: boolean;
}

export const ADMIN_BODY: BodyRule = { maxBytes: MAX_ADMIN_BODY_BYTES, raw: false };

const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?;? *$/i;

/**
 * Reads a JSON body by our own rules: Fastify's reader takes compressed bytes for text, turns bad UTF-8 into U+FFFD and
 * gives a drip for ever. Rejects with a `ProblemError`.
 */
export async function readBody(message: IncomingMessage, rule: BodyRule): Promise<unknown> {
  checkHead(message, rule);
  const bytes = await collect(message, rule.maxBytes);
  if (!isUtf8(bytes)) throw problemError('invalid_json', 'The body is not valid UTF-8.');
  return rule.raw ? bytes : parseJson(bytes);
}

function checkHead({ headers, rawHeaders }: IncomingMessage, { maxBytes }: BodyRule): void {
  if (!JSON_TYPE.test(headers['content-type'] ?? '') || countHeader(rawHeaders, 'content-type') > 1) {
    throw problemError('unsupported_media_type', 'Send the body as application/json in UTF-8.');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw problemError('unsupported_media_type', 'Send the body without compression (no Content-Encoding).');
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new ProblemError(tooLarge(maxBytes));
}

/** @param rawHeaders names and values in turn, as Node gives them */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i];
    if (given?.length === name.length && given.toLowerCase() === name) count++;
  }
  return count;
}

function tooLarge(maxBytes: number): Problem {
  return { code: 'payload_too_large', detail: `The body may have ${maxBytes} bytes at most.` };
}

function collect(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = () => {
      clearTimeout(timer);
      message.off('data', take).off('end', end).off('close', close).off('error', close);
    };
    const fail = (error: ProblemError) => {
      stop();
      chunks.length = 0;
      reject(error);
    };
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) fail(new ProblemError(tooLarge(maxBytes)));
      else chunks.push(chunk);
    };
    const end = () => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, length));
    };
    const close = () => fail(problemError('bad_request', 'The connection ended before the body did.'));
    const timer = setTimeout(
      () => fail(problemError('request_timeout', `The body must arrive within ${BODY_TIMEOUT_MS / 1_000} seconds.`)),
      BODY_TIMEOUT_MS,
    );
    message.on('data', take).once('end', end).once('close', close).once('error', close);
  });
}

function parseJson(bytes: Buffer): unknown {
  const scan = scanJson(bytes);
  if (scan.kind === 'invalid') throw problemError('invalid_json', `The body is not valid: ${scan.detail}.`);
  return JSON.parse(bytes.toString('utf8'));
}
