import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import { ApiError } from '../../../../packages/client/src/index.ts';
import { printable } from '../../printable.ts';
import { type GlobalOptions, openSession, UsageError } from '../session.ts';

/** `export`: writes the organization's events to a file or stdout, as a stream. */
export function addExport(program: Command): void {
  program
    .command('export')
    .description('writes events as NDJSON or CSV')
    .option('--format <format>', 'ndjson or csv', 'ndjson')
    .option('--type <type>', 'only events of this type')
    .option('--from <time>', 'only events at or after this time (ISO 8601)')
    .option('--to <time>', 'before then')
    .option('-o, --out <path>', 'writes to a file instead of stdout')
    .addHelpText(
      'after',
      '\nExamples\n  $ triggers export --from 2026-11-01T00:00:00Z --out november.ndjson\n  $ triggers export --format csv | head',
    )
    .action(
      async (options: Record<'format' | 'type' | 'from' | 'to' | 'out', string | undefined>, command: Command) => {
        const { url, apiKey, signal } = openSession(command.optsWithGlobals<GlobalOptions>());
        const { out, format, ...query } = options;
        if (format !== 'ndjson' && format !== 'csv') throw new UsageError('--format must be ndjson or csv.');
        const address = new URL(`${url}/api/events/export`);
        for (const [name, value] of Object.entries({ ...query, format })) {
          if (value !== undefined) address.searchParams.set(name, value);
        }
        // A redirect would send the key to another server.
        const response = await fetch(address, { headers: { 'x-api-key': apiKey }, signal, redirect: 'manual' });
        if (!response.ok || response.body === null) throw await refusal(response);
        const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
        if (out === undefined && process.stdout.isTTY) await pipeline(body, shownText, process.stdout, { end: false });
        else if (out === undefined) await pipeline(body, process.stdout, { end: false });
        else await pipeline(body, createWriteStream(out, { mode: 0o600 }));
      },
    );
}

/** Makes the text safe for a terminal. A file or a program gets the original bytes. */
async function* shownText(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) yield printable(decoder.decode(piece, { stream: true }));
}

async function refusal(response: Response): Promise<ApiError> {
  const { code = `http_${response.status}`, detail = '' } = (await response.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
  };
  const requestId = response.headers.get('x-request-id');
  return new ApiError({
    code,
    message: detail,
    status: response.status,
    requestId,
    errors: [],
    retryAfterSeconds: null,
  });
}
