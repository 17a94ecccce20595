import type { Command } from 'commander';
import type { DeliveryQuery } from '../../../../packages/client/src/index.ts';
import { type GlobalOptions, openSession, UsageError } from '../session.ts';
import { take, wholeNumber } from '../values.ts';

const STATUSES = ['pending', 'retrying', 'delivered', 'failed', 'canceled', 'skipped'] as const;

interface Chosen {
  readonly endpoint?: string;
  readonly type?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `deliveries list|get|retry`. */
export function addDeliveries(program: Command): void {
  const deliveries = program
    .command('deliveries')
    .description('lists, shows and retries deliveries')
    .addHelpText(
      'after',
      `
Examples
  $ triggers deliveries list --status failed
  $ triggers deliveries retry --all --type order.created`,
    );

  deliveries
    .command('list')
    .description('lists deliveries, newest first')
    .option('--status <status>', STATUSES.join(', '))
    .option('--endpoint <id>', 'only deliveries to this endpoint')
    .option('--event <id>', 'only deliveries of this event')
    .option('--type <type>', 'only deliveries of events of this type')
    .option('--limit <count>', 'maximum number', wholeNumber, 20)
    .action(async (options: Chosen & { status?: string; event?: string; limit: number }, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      const status = STATUSES.find((known) => known === options.status);
      if (options.status !== undefined && status === undefined) {
        throw new UsageError(`--status must be one of ${STATUSES.join(', ')}.`);
      }
      const query: DeliveryQuery = {
        ...queryOf(options),
        ...(status === undefined ? {} : { status }),
        ...(options.event === undefined ? {} : { event_id: options.event }),
        limit: Math.min(options.limit, 1_000),
      };
      for await (const row of take(client.deliveries.list(query), options.limit)) {
        const answer = row.last_status_code ?? '';
        output.result(
          row,
          `${row.id}  ${row.event_id} → ${row.endpoint_id}  ${output.status(row.status)} ${answer}  ${row.attempts} attempts`,
        );
      }
    });

  deliveries
    .command('get <id>')
    .description('shows a delivery with its attempts')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      const delivery = await client.deliveries.get(id);
      const attempts = delivery.attempts.map((attempt) => [
        `  ${attempt.number}`,
        attempt.started_at,
        `${Math.round(attempt.duration_ms)} ms`,
        String(attempt.status_code ?? attempt.error ?? ''),
        (attempt.response_excerpt ?? attempt.error_detail ?? '').replace(/\s+/g, ' ').slice(0, 60),
      ]);
      output.result(
        delivery,
        `${delivery.id}  ${delivery.event_id} → ${delivery.endpoint_id}  ${output.status(delivery.status)}\n${output.table(attempts)}`,
      );
    });

  deliveries
    .command('retry [id]')
    .description('retries a delivery, or all failed ones')
    .option('--all', 'all failed deliveries')
    .option('--endpoint <id>', 'with --all: only of this endpoint')
    .option('--type <type>', 'with --all: only of events of this type')
    .option('--from <time>', 'with --all: only of events at or after this time (ISO 8601)')
    .option('--to <time>', 'with --all: only of events before this time')
    .action(async (id: string | undefined, options: Chosen & { all?: boolean }, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      if ((id === undefined) === (options.all !== true))
        throw new UsageError('Name the id of a delivery, or use --all.');
      if (id !== undefined) {
        await client.deliveries.retry(id);
        output.result({ id }, `${id} will be sent again.`);
        return;
      }
      const made = await client.deliveries.retryAll(queryOf(options));
      output.result(made, `${made.deliveries} deliveries will be sent again.`);
    });
}

function queryOf({ endpoint, type, from, to }: Chosen) {
  return {
    ...(endpoint === undefined ? {} : { endpoint_id: endpoint }),
    ...(type === undefined ? {} : { type }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}
