#!/usr/bin/env node
import { VERSION } from '../app/version.ts';
import { readArguments } from './arguments.ts';
import { help } from './help.ts';

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      process.stdout.write(help());
      return 0;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case 'mistake':
      process.stderr.write(`${command.sentence}\n`);
      return 2;
    case 'serve': {
      // Here and not above: `--help` needs none of it.
      const { serve } = await import('./serve.ts');
      return await serve(command.overrides);
    }
  }
}

process.exit(await main());
