import type { Command } from 'commander';
import { type GlobalOptions, openSession } from '../session.ts';
import { seconds } from '../values.ts';

/** `keys list|create|rotate|revoke`. */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('manages API keys')
    .addHelpText(
      'after',
      `
Examples
  $ triggers keys create ci
  $ triggers keys rotate --grace 600`,
    );
  const session = (command: Command) => openSession(command.optsWithGlobals<GlobalOptions>());

  keys
    .command('list')
    .description('lists keys with their first characters')
    .action(async (_options: object, command: Command) => {
      const { client, output } = session(command);
      for await (const key of client.keys.list()) {
        const used = key.last_used_at === null ? 'never used' : `used ${key.last_used_at}`;
        const ends = key.expires_at === null ? '' : `  ends ${key.expires_at}`;
        output.result(key, `${key.id}  ${key.prefix}…  ${key.name}  ${output.style('dim', used)}${ends}`);
      }
    });

  keys
    .command('create <name>')
    .description('creates a key; it is shown only once')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, output } = session(command);
      const made = await client.keys.create(name);
      output.result(made, `${made.api_key}\nid: ${made.key_id}`);
    });

  keys
    .command('rotate')
    .description('rotates the calling key')
    .option('--grace <seconds>', 'how long the old key stays valid', seconds, 0)
    .action(async (options: { grace: number }, command: Command) => {
      const { client, output } = session(command);
      const made = await client.keys.rotate({ grace_seconds: options.grace });
      output.result(made, `${made.api_key}\nThe old key is valid until ${made.previous_expires_at ?? 'now'}.`);
    });

  keys
    .command('revoke <id>')
    .description('revokes a key, in all processes within a second')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, output } = session(command);
      await client.keys.revoke(id);
      output.result({ id, revoked: true }, `${id} is revoked.`);
    });
}
