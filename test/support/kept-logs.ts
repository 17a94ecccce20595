import { appendFileSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../src/app/clock.ts';
import { createLog, SILENT_LOG } from '../../src/app/logging/log.ts';
import { DEVELOPMENT_KEY } from '../../src/app/settings/settings.ts';
import type { Log } from '../../src/ports/observability/log.ts';

/**
 * In a run of the suite everything that services log is kept in one folder, and everything that must not be in it too:
 * scripts/test.ts looks at the end whether the one is in the other (scripts/leaks.ts).
 */
const FOLDER = process.env['TEST_LOG_FOLDER'];
/** Answers in which a secret stands. */
const SECRET_FIELDS = /"(?:secret|key|api_key|signing_key|private_key|previous_secret)":\s*"([^"\\]{16,})"/g;
/** Shorter ones are words that anybody may say. */
const TEXTS = /"([^"\\]{16,})"/g;

let log: Log | undefined;

/** For a service in this process: every line, of every level. */
export function keptLog(): Log {
  if (FOLDER === undefined) return SILENT_LOG;
  log ??= openLog(FOLDER);
  return log;
}

function openLog(folder: string): Log {
  const file = openSync(join(folder, `${process.pid}.log`), 'a');
  const sink = { write: (line: string) => void writeSync(file, line), flush: async () => {} };
  return createLog({ level: 'debug', form: 'json', colors: false, clock: new SystemClock(), sink });
}

/** What a process wrote. */
export function keepOutput(pid: number, text: string): void {
  if (FOLDER !== undefined) appendFileSync(join(FOLDER, `process-${pid}.log`), text);
}

/** Payloads of events, credentials of requests, secrets in answers. */
export function noteSecrets(path: string, sent: { body: unknown; headers: object; answer: string }): void {
  if (FOLDER === undefined) return;
  const { body, headers, answer } = sent;
  const found = [...answer.matchAll(SECRET_FIELDS)].map((match) => match[1] ?? '');
  if (path.startsWith('/api/events') && typeof body === 'string') found.push(...payloads(body));
  for (const [name, value] of Object.entries(headers)) {
    if (/^(x-api-key|authorization)$/i.test(name)) found.push(String(value).replace(/^Bearer /, ''));
  }
  note(found);
}

/** Settings that nobody may see, passwords of servers among them. */
export function noteSecretSettings(env: Readonly<Record<string, string | undefined>>): void {
  if (FOLDER === undefined) return;
  const passwords = ['REDIS_URL', 'DATABASE_URL'].map((name) => /:\/\/[^:/]*:([^@]+)@/.exec(env[name] ?? '')?.[1]);
  const token = env['OTEL_EXPORTER_OTLP_HEADERS']?.replace(/^.*(=|%20)/, '');
  note([env['ADMIN_TOKEN'], token, ...passwords].filter((value) => value !== undefined));
}

function payloads(body: string): string[] {
  const data = /"data":(.*)/s.exec(body.slice(0, 10_000))?.[1] ?? '';
  return [...data.matchAll(TEXTS)].map((match) => match[1] ?? '');
}

function note(values: readonly string[]): void {
  const lines = values
    .filter((value) => value.length >= 16 && !value.startsWith(DEVELOPMENT_KEY))
    .map((value) => value.slice(0, 200));
  if (lines.length > 0) appendFileSync(join(FOLDER ?? '', `${process.pid}.secrets`), `${JSON.stringify(lines)}\n`);
}
