import { settingsText } from '../app/settings/index.ts';

export function help(): string {
  return `Triggers API: webhooks and event inboxes over HTTP. An accepted event (202) is
delivered at least once to every matching endpoint.

Usage
  npm start                           starts the service
  npm start -- [COMMAND] [options]
  npm start -- --help | --version

Commands that run the service
  serve         all roles in one process (the default)
  api           accepts events and answers requests
  worker        records events, repairs the queue, removes expired events
  deliverer     sends webhooks
                api, worker and deliverer need the distributed engine
                (REDIS_URL and DATABASE_URL); any number of each may run

Commands for operators
  dead list     lists dead letters: events that could not be recorded
  dead requeue [ID...]   requeues dead letters; without an id: all
  dead drop ID...|all    removes dead letters for good
  doctor [--json]        checks whether the service can run here, and says
                what to change
  migrate-data  copies the data of the embedded engine (DATA_DIR) to PostgreSQL

Commands that talk to a running service (each has --help;
all accept --url, --api-key and --json)
  send          sends an event, the events of a file, or NDJSON from stdin
  listen        forwards events to a receiver on this machine, signed
  events        list, get, tail, replay
  deliveries    list, get, retry
  endpoints     list, create, test, pause, resume, rotate-secret, delete ...
  keys          list, create, rotate, revoke
  export        writes events as NDJSON or CSV
  bench         measures a running service
  completion    writes a completion script for bash, zsh or fish

Options (the first three override the setting)
  --port PORT         port of the API; 0 = any free port
  --host HOST         address the API listens on
  --data-dir DATA_DIR data folder
  --processes N       runs N processes of the role and restarts those that die

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
  The first Ctrl-C, SIGTERM or SIGHUP finishes the work in progress (30 s at
  most) and exits with 0. The second one exits at once; no accepted event is
  lost.

Exit codes
  0 stopped as requested    1 start failed, or an error    2 wrong command line
  128 + n exited at once on signal n
`;
}
