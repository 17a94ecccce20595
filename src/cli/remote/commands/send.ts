import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { EventToSend } from '../../../../packages/client/src/index.ts';
import { Progress } from '../progress.ts';
import { type GlobalOptions, openSession, type Session, UsageError } from '../session.ts';
import { jsonText } from '../values.ts';

interface SendOptions {
  readonly file?: string;
  readonly dedupId?: string;
  readonly orderingKey?: string;
  readonly deliverAt?: string;
}

/** Rejected events that are listed; the others are counted. */
const MAX_SHOWN_REJECTIONS = 20;

/** `send`: sends one event, or all events of a file or stdin. */
export function addSend(program: Command): void {
  program
    .command('send')
    .argument('[type]', 'event type, such as order.created')
    .argument('[data]', 'data of the event, as JSON', jsonText)
    .description('sends an event, or all events of a file')
    .option('-f, --file <path>', 'a .json file with one event, or NDJSON; - is stdin')
    .option('--dedup-id <id>', 'dedup id: an event with the same id is stored once within DEDUP_WINDOW')
    .option('--ordering-key <key>', 'ordering key, for endpoints that are ordered by key')
    .option('--deliver-at <time>', 'earliest delivery time (ISO 8601)')
    .addHelpText(
      'after',
      `
Examples
  $ triggers send order.created '{"id": 4711}'
  $ triggers send --file order.json
  $ zcat events.ndjson.gz | triggers send --file -

It ends with 0 when all were accepted, now or before, and with 1 when some were not.`,
    )
    .action(async (type: string | undefined, data: string | undefined, options: SendOptions, command: Command) => {
      const session = openSession(command.optsWithGlobals<GlobalOptions>());
      if (options.file !== undefined) {
        if (type !== undefined) throw new UsageError('Use either a type and data, or --file.');
        process.exitCode = await sendFile(session, options.file);
        return;
      }
      if (type === undefined)
        throw new UsageError('Name the type of an event, as in `send order.created \'{"id": 1}\'`, or --file.');
      await sendOne(session, eventOf(type, data ?? 'null', options));
    });
}

function eventOf(type: string, rawData: string, options: SendOptions): EventToSend {
  const { dedupId, orderingKey, deliverAt } = options;
  return {
    type,
    rawData,
    ...(dedupId === undefined ? {} : { dedup_id: dedupId }),
    ...(orderingKey === undefined ? {} : { ordering_key: orderingKey }),
    ...(deliverAt === undefined ? {} : { deliver_at: deliverAt }),
  };
}

async function sendOne({ client, output, signal }: Session, event: EventToSend): Promise<void> {
  const sent = await client.send(event, { signal });
  output.result(sent, `${output.status(sent.status)}  ${sent.id}  ${output.style('cyan', sent.type)}`);
}

/** @returns the exit code */
async function sendFile(session: Session, path: string): Promise<number> {
  if (path.endsWith('.json')) {
    await sendOne(session, { json: await readFile(path, 'utf8') });
    return 0;
  }
  const { client, output, signal } = session;
  const source = path === '-' ? process.stdin : createReadStream(path);
  const progress = new Progress(path === '-' ? null : statSync(path).size);
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  async function* lines(): AsyncGenerator<EventToSend, void> {
    for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
      progress.read(Buffer.byteLength(line) + 1);
      if (line.trim() !== '') yield { json: line };
    }
  }
  try {
    for await (const result of client.sendEach(lines(), { signal })) {
      counts[result.status]++;
      progress.show(counts.accepted + counts.duplicate + counts.rejected);
      if (output.json) output.result(result, '');
      else if (result.status === 'rejected' && counts.rejected <= MAX_SHOWN_REJECTIONS) {
        progress.clear();
        const { code, detail } = result.error;
        output.say(`${output.status('rejected')}  event ${result.index + 1}: ${code}: ${detail}`);
      }
    }
  } finally {
    progress.clear();
  }
  const { accepted, duplicate, rejected } = counts;
  output.say(`${accepted} accepted, ${duplicate} duplicates, ${rejected} rejected.`);
  return rejected === 0 ? 0 : 1;
}
