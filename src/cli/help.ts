import { settingsText } from '../app/settings-table.ts';

export function help(): string {
  return `Triggers API: send an event over HTTP, get 202 in milliseconds, and know that
it reaches everyone who wants it.

Usage
  npm start                           starts the service
  npm start -- [serve] [options]
  npm start -- --help | --version

Options (each overrides the setting of that name)
  --port PORT         where the API listens; 0 = any free port
  --host HOST         on which address
  --data-dir DATA_DIR where the data is kept

Examples
  npm start -- --port 9000
  npm start -- --data-dir /var/lib/triggers
  WEBHOOK_TIMEOUT=5 LOG_LEVEL=debug npm start

Settings (environment variables, with their defaults)
${settingsText()}

Stopping
  The first Ctrl-C, SIGTERM or SIGHUP finishes what is under way (30 s at most)
  and ends with 0. The second one ends at once; nothing accepted is lost.

Exit codes
  0 stopped as asked    1 could not start, or a fault    2 wrong command line
  128 + n ended at once by signal n
`;
}
