import type { Command } from 'commander';
import { type GlobalOptions, openSession } from '../session.ts';
import { wholeNumber } from '../values.ts';

/** `bench` (`npm run bench`): measures a running service from a client, against the targets of the project's first document. */
export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measures a running service: single requests, concurrent requests, a burst')
    .option('--events <count>', 'in all', wholeNumber, 100)
    .option('--concurrency <count>', 'at a time', wholeNumber, 10)
    .option('--burst <count>', 'all at once', wholeNumber, 50)
    .addHelpText(
      'after',
      '\nExample\n  $ triggers bench --url http://localhost:8000 --events 1000 --concurrency 20 --burst 100',
    )
    .action(async (options: { events: number; concurrency: number; burst: number }, command: Command) => {
      const { url, apiKey } = openSession(command.optsWithGlobals<GlobalOptions>());
      const { measurePerformance } = await import('./performance.ts');
      process.exitCode = await measurePerformance({ url, apiKey, ...options });
    });
}
