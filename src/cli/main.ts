#!/usr/bin/env node
import { VERSION } from '../app/version.ts';
import { readArguments } from './arguments.ts';
import { help } from './help.ts';

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  // Each module is loaded only if it is needed: `--help` needs none of them.
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
    case 'run': {
      if (command.processes > 1) {
        const { runMany } = await import('./processes.ts');
        const many = await runMany(command);
        if (many !== 'child') return many;
      }
      const { run } = await import('./run.ts');
      return await run(command);
    }
    case 'remote': {
      const { runRemote } = await import('./remote/program.ts');
      return await runRemote(command.args);
    }
    case 'dead': {
      const { dead } = await import('./dead.ts');
      return await dead(command);
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.ts');
      return await doctor(command);
    }
    case 'migrate-data': {
      const { migrateData } = await import('./migrate-data.ts');
      return await migrateData(command);
    }
  }
}

process.exit(await main());
