import type { Command } from 'commander';
import { type GlobalOptions, openSession } from '../session.ts';
import { jsonText, seconds } from '../values.ts';

/** `endpoints list|create|get|test|pause|resume|secret|rotate-secret|delete`. */
export function addEndpoints(program: Command): void {
  const endpoints = program
    .command('endpoints')
    .description('manages webhook endpoints')
    .addHelpText(
      'after',
      `
Examples
  $ triggers endpoints create https://example.com/hook --types 'order.*'
  $ triggers endpoints test 01a20ae9-775c-7182-90b3-49c0404f059c
  $ triggers endpoints rotate-secret 01a20ae9-775c-7182-90b3-49c0404f059c --grace 3600`,
    );
  const session = (command: Command) => openSession(command.optsWithGlobals<GlobalOptions>());

  endpoints
    .command('list')
    .description('lists endpoints')
    .action(async (_options: object, command: Command) => {
      const { client, output } = session(command);
      for await (const one of client.endpoints.list()) {
        const types = one.event_types.length === 0 ? 'all types' : one.event_types.join(', ');
        output.result(one, `${one.id}  ${output.status(one.status)}  ${one.url}  ${output.style('dim', types)}`);
      }
    });

  endpoints
    .command('create <url>')
    .description('creates an endpoint and shows its secret')
    .option('--types <patterns>', 'comma-separated types or patterns such as order.*; default: all')
    .option('--description <text>')
    .action(async (url: string, options: { types?: string; description?: string }, command: Command) => {
      const { client, output } = session(command);
      const made = await client.endpoints.create({
        url,
        ...(options.types === undefined ? {} : { event_types: options.types.split(',') }),
        ...(options.description === undefined ? {} : { description: options.description }),
      });
      output.result(made, `${made.id}  ${output.status(made.status)}  ${made.url}\nsecret: ${made.secret}`);
    });

  endpoints
    .command('get <id>')
    .description('shows an endpoint')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = session(command);
      const found = await client.endpoints.get(id);
      output.result(found, JSON.stringify(found, null, 2));
    });

  endpoints
    .command('test <id>')
    .description('sends a test event and shows the answer')
    .option('--type <type>')
    .option('--data <json>', 'data of the event', jsonText)
    .action(async (id: string, options: { type?: string; data?: string }, command: Command) => {
      const { client, output } = session(command);
      const attempt = await client.endpoints.test(id, {
        ...(options.type === undefined ? {} : { type: options.type }),
        ...(options.data === undefined ? {} : { data: JSON.parse(options.data) as unknown }),
      });
      const isGood = attempt.error === null;
      const what = isGood
        ? output.status('delivered')
        : `${output.status('failed')} ${[attempt.error, attempt.error_detail].filter(Boolean).join(': ')}`;
      const excerpt = attempt.response_excerpt ? `\n${attempt.response_excerpt}` : '';
      output.result(attempt, `${what}  ${attempt.status_code ?? ''}  ${Math.round(attempt.duration_ms)} ms${excerpt}`);
      if (!isGood) process.exitCode = 1;
    });

  for (const [name, enabled, description] of [
    ['pause', false, 'pauses an endpoint: new deliveries wait'],
    ['resume', true, 'resumes an endpoint: waiting deliveries are sent'],
  ] as const) {
    endpoints
      .command(`${name} <id>`)
      .description(description)
      .action(async (id: string, _options: object, command: Command) => {
        const { client, output } = session(command);
        const changed = await client.endpoints.update(id, { enabled });
        output.result(changed, `${changed.id}  ${output.status(changed.status)}`);
      });
  }

  endpoints
    .command('secret <id>')
    .description('shows the signing secret')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = session(command);
      const found = await client.endpoints.secret(id);
      output.result(found, found.secret);
    });

  endpoints
    .command('rotate-secret <id>')
    .description('rotates the signing secret')
    .option('--grace <seconds>', 'how long the old secret signs too', seconds, 86_400)
    .action(async (id: string, options: { grace: number }, command: Command) => {
      const { client, output } = session(command);
      const made = await client.endpoints.rotateSecret(id, { grace_seconds: options.grace });
      output.result(made, `${made.secret}\nThe old secret signs until ${made.previous_secret_expires_at ?? 'now'}.`);
    });

  endpoints
    .command('delete <id>')
    .description('deletes an endpoint; its waiting deliveries are canceled')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = session(command);
      await client.endpoints.delete(id);
      output.result({ id, deleted: true }, `${id} is deleted.`);
    });
}
