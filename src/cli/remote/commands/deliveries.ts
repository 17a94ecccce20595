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
    .description('looks at deliveries, and sends again what failed')
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
    .option('--endpoint <id>', 'to this endpoint')
    .option('--event <id>', 'of this event')
    .option('--type <type>', 'of events of this type')
    .option('--limit <count>', 'at most so many', wholeNumber, 20)
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
    .description('shows one delivery with its attempts')
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
    .description('sends one delivery again, or all that failed')
    .option('--all', 'all that failed')
    .option('--endpoint <id>', 'with --all: of this endpoint')
    .option('--type <type>', 'with --all: of events of this type')
    .option('--from <time>', 'with --all: of events since then (ISO 8601)')
    .option('--to <time>', 'with --all: of events before then')
    .action(async (id: string | undefined, options: Chosen & { all?: boolean }, command: Command) => {
      const { client, output } = openSession(command.optsWithGlobals<GlobalOptions>());
      if ((id === undefined) === (options.all !== true)) throw new UsageError('Give the id of a delivery, or --all.');
      if (id !== undefined) {
        await client.deliveries.retry(id);
        output.result({ id }, `${id} is on its way again.`);
        return;
      }
      const made = await client.deliveries.retryAll(queryOf(options));
      output.result(made, `${made.deliveries} deliveries are on their way again.`);
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
