import { Command, CommanderError } from 'commander';
import { TriggersError } from '../../../packages/client/src/index.ts';
import { VERSION } from '../../app/version.ts';
import { printable } from '../printable.ts';
import { addBench } from './bench/bench.ts';
import { addDeliveries } from './commands/deliveries.ts';
import { addEndpoints } from './commands/endpoints.ts';
import { addEvents } from './commands/events.ts';
import { addExport } from './commands/export.ts';
import { addKeys } from './commands/keys.ts';
import { addListen } from './commands/listen.ts';
import { addSend } from './commands/send.ts';
import { addCompletion } from './completion.ts';
import { UsageError } from './session.ts';

/** The commands of `arguments.ts`, for completion. */
const OTHERS = ['serve', 'api', 'worker', 'deliverer', 'dead', 'doctor', 'migrate-data', 'help', 'version'];

/** Printed below the help of every command. */
const EXIT_CODES = `
Exit codes
  0 done    1 refused, failed, or not to be reached    2 wrong command line
  130 ended by Ctrl-C`;

/** Creates the commands that talk to a running service. */
function program(): Command {
  const root = new Command('triggers')
    .description('Talks to a running Triggers API.')
    .version(VERSION)
    .option('--url <url>', 'URL of the service (TRIGGERS_URL; default: http://localhost:8000)')
    .option('--api-key <key>', 'API key (TRIGGERS_API_KEY; default on this machine: the development key)')
    .option('--json', 'prints one JSON value a line, for programs')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('afterAll', EXIT_CODES)
    .exitOverride();
  for (const add of [addSend, addListen, addEvents, addDeliveries, addEndpoints, addKeys, addExport, addBench])
    add(root);
  addCompletion(root, OTHERS);
  inherit(root);
  return root;
}

/** Applies the settings to subcommands, which commander does not do itself. */
function inherit(command: Command): void {
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    inherit(sub);
  }
}

/**
 * Runs a remote command.
 * @returns the exit code: 0 done, 1 the service or a receiver refused or cannot be reached, 2 wrong command line, 130 ended by
 * Ctrl-C
 */
export async function runRemote(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`${printable(error.message)}\n`);
      return 2;
    }
    if ((error as Error).name === 'AbortError') return 130;
    // The reader has ended: `triggers export | head`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0;
    const isSystem = typeof (error as NodeJS.ErrnoException).code === 'string';
    if (!(error instanceof TriggersError) && !isSystem) throw error;
    process.stderr.write(`${printable((error as Error).message)}\n`);
    return 1;
  }
}
