import type { Command } from 'commander';
import { type GlobalOptions, openSession } from '../session.ts';
import { take, wholeNumber } from '../values.ts';

/** `events list|get|tail|replay`. */
export function addEvents(program: Command): void {
  const events = program
    .command('events')
    .description('lists, shows, streams and replays events')
    .addHelpText(
      'after',
      `
Examples
  $ triggers events list --type order.created --limit 50
  $ triggers events get 01a20ae9-775c-7182-90b3-49c0404f059c
  $ triggers events tail --types 'order.*' --data
  $ triggers events replay 01a20ae9-775c-7182-90b3-49c0404f059c`,
    );

  events
    .command('list')
    .description('lists events, newest first')
    .option('--type <type>', 'only events of this type')
    .option('--from <time>', 'only events at or after this time (ISO 8601)')
    .option('--to <time>', 'before then')
    .option('--limit <count>', 'maximum number', wholeNumber, 20)
    .action(async (options: { type?: string; from?: string; to?: string; limit: number }, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      const { limit, ...query } = options;
      const rows = take(client.events.list({ ...filled(query), limit: Math.min(limit, 1_000) }), limit);
      for await (const event of rows) {
        output.result(
          event,
          `${output.style('dim', event.created_at)}  ${event.id}  ${output.style('cyan', event.type)}`,
        );
      }
    });

  events
    .command('get <id>')
    .description('shows an event with its deliveries')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      const event = await client.events.get(id);
      const deliveries = event.deliveries.map((delivery) => [
        '  ',
        delivery.id,
        `→ ${delivery.endpoint_id}`,
        output.status(delivery.status),
        `${delivery.attempts} attempts`,
      ]);
      const head = `${output.style('cyan', event.type)}  ${event.id}  ${output.style('dim', event.created_at)}`;
      const data = JSON.stringify(event.data, null, 2);
      const end = deliveries.length === 0 ? output.style('dim', 'No endpoint matches it.') : output.table(deliveries);
      output.result(event, `${head}\n${data}\n${end}`);
    });

  events
    .command('tail')
    .description('streams events and attempts until Ctrl-C')
    .option('--types <patterns>', 'comma-separated types or patterns such as order.*')
    .option('--kinds <kinds>', 'event, delivery, or both')
    .option('--data', 'also shows the data of each event')
    .action(async (options: { types?: string; kinds?: string; data?: boolean }, command: Command) => {
      const { client, output, signal, url } = openSession(command.optsWithGlobals<GlobalOptions>());
      output.say(output.style('dim', `Streaming from ${url}. Ctrl-C stops.`));
      const kinds = options.kinds?.split(',').filter((kind) => kind === 'event' || kind === 'delivery');
      const types = options.types?.split(',');
      for await (const message of client.stream({
        signal,
        ...(types === undefined ? {} : { types }),
        ...(kinds === undefined ? {} : { kinds }),
      })) {
        output.result(message, lineOf(message, options.data === true, output));
      }
    });

  events
    .command('replay <id>')
    .description('replays an event')
    .option('--endpoint <id...>', 'only to these endpoints')
    .action(async (id: string, options: { endpoint?: string[] }, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      const made = await client.events.replay(
        id,
        options.endpoint === undefined ? {} : { endpoint_ids: options.endpoint },
      );
      output.result(made, `${made.deliveries} deliveries will be sent.`);
    });
}

type Session = ReturnType<typeof openSession>;
type Message = ReturnType<Session['client']['stream']> extends AsyncGenerator<infer Each, void> ? Each : never;

function lineOf(message: Message, withData: boolean, output: Session['output']): string {
  switch (message.kind) {
    case 'event': {
      const { id, type, created_at, data } = message.data;
      const line = `${output.style('dim', created_at)}  ${id}  ${output.style('cyan', type)}`;
      return withData ? `${line}\n${JSON.stringify(data)}` : line;
    }
    case 'delivery': {
      const { at, event_id, endpoint_id, status, attempts, last_status_code } = message.data;
      const answer = last_status_code ?? 'no answer';
      return `${output.style('dim', at)}  ${event_id} → ${endpoint_id}  ${output.status(status)}  attempt ${attempts}: ${answer}`;
    }
    case 'dropped':
      return output.style('yellow', `… some messages were dropped: ${JSON.stringify(message.data)}`);
  }
}

/** @returns the query without undefined values */
function filled<Query extends object>(query: Query): Query {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Query;
}
