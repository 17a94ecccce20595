import { settingsText } from '../app/settings/index.ts';

export function help(): string {
  return `Triggers API: send an event over HTTP, get 202 in milliseconds, and know that
it reaches everyone who wants it.

Usage
  npm start                           starts the service
  npm start -- [COMMAND] [options]
  npm start -- --help | --version

Commands
  serve         everything in one process (when none is given)
  api           takes events in and answers requests
  worker        records what was taken in, mends the queue, removes what is old
  deliverer     sends webhooks
                api, worker and deliverer share the distributed engine
                (REDIS_URL and DATABASE_URL), any number of each
  dead list     shows the events that could not be recorded
  dead requeue [ID...]   puts them back, all when no id is given
  dead drop ID...|all    takes them away for good
  doctor [--json]        looks whether the service can run here, and says in
                words what to change
  migrate-data  copies the embedded engine's data (DATA_DIR) to PostgreSQL

Commands that talk to a running service (--help after each says more;
all take --url, --api-key and --json)
  send          sends one event, a file, or NDJSON from stdin
  listen        forwards events to a receiver on your machine, signed
  events        list, get, tail, replay
  deliveries    list, get, retry
  endpoints     list, create, test, pause, resume, rotate-secret, delete ...
  keys          list, create, rotate, revoke
  export        writes events as NDJSON or CSV
  bench         measures a running service
  completion    writes a completion script for bash, zsh or fish

Options (the first three override the setting of that name)
  --port PORT         where the API listens; 0 = any free port
  --host HOST         on which address
  --data-dir DATA_DIR where the data is kept
  --processes N       runs N processes of the role, starts again what dies

Examples
  npm start -- --port 9000
  npm start -- --data-dir /var/lib/triggers
  npm start -- api --processes 4
  WEBHOOK_TIMEOUT=5 LOG_LEVEL=debug npm start
  npm run -s triggers -- send order.created '{"id": 1}'
  npm run -s triggers -- listen --forward http://localhost:3000/hook

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
