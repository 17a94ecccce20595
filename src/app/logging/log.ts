import { pino } from 'pino';
import { toIso } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from '../../ports/observability/log.ts';
import { errorFields } from './error-fields.ts';
import { LineBudget } from './line-budget.ts';

/** Bytes that may wait for standard output. Further lines are dropped, so that a reader that is stuck costs no memory. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;

/** The destination of lines. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when the written lines have left the process, or after a second. */
  flush(): Promise<void>;
}

export interface ClosableLog extends Log {
  /** Writes the counts of suppressed lines and the buffer. More lines may follow. */
  flush(): Promise<void>;
}

interface LogOptions {
  readonly level: LogLevel;
  /** `json` = one object a line; `text` = the format of the project's first document, for people. */
  readonly form: 'json' | 'text';
  readonly colors: boolean;
  readonly clock: Clock;
  readonly sink: LineSink;
}

type Format = (level: LogLevel, message: string, fields: LogFields) => string;

export function createLog(options: LogOptions): ClosableLog {
  const { level: lowest, sink, clock } = options;
  const format = options.form === 'json' ? jsonLines(clock) : textLines(options.colors);
  const enabled = (level: LogLevel): boolean => LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(lowest);
  const write = (level: LogLevel, message: string, fields: LogFields): void =>
    sink.write(format(level, message, fields));
  const budget = new LineBudget(clock, (level, kind, count) =>
    write(level, `… and ${count} more ${kind} lines (LOG_LEVEL=debug writes all)`, {}),
  );
  const mayWrite = (kind: string, level: LogLevel): boolean =>
    enabled(level) && (lowest === 'debug' || budget.take(kind, level));

  function line(level: LogLevel, message: string, fields: LogFields = {}, cause?: unknown): void {
    if (!mayWrite(level, level)) return;
    write(level, message, cause === undefined ? fields : { ...fields, ...errorFields(cause) });
  }

  return {
    enabled,
    debug: (message, fields) => line('debug', message, fields),
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields, cause) => line('warn', message, fields, cause),
    error: (message, fields, cause) => line('error', message, fields, cause),
    sampled: (kind, level, message, fields = {}) => {
      if (mayWrite(kind, level)) write(level, message(), fields);
    },
    flush: () => {
      budget.settle();
      return sink.flush();
    },
  };
}

/** A log that writes nothing, for tests. */
export const SILENT_LOG: Log = {
  enabled: () => false,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  sampled: () => {},
};

/** Standard output, written without blocking: a request that logs never waits for a disk or a terminal. */
export function standardOutput(): LineSink {
  const destination = pino.destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED_BYTES });
  // The reader has ended (`npm start | head`), or was too slow and lines were dropped. Neither stops the service.
  destination.on('error', () => {});
  return {
    write: (text) => {
      destination.write(text);
    },
    flush: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
        destination.flush(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function jsonLines(clock: Clock): Format {
  let line = '';
  const logger = pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${toIso(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (text: string) => {
        line = text;
      },
    },
  );
  return (level, message, fields) => {
    logger[level](fields, message);
    return line;
  };
}

const WORDS: Readonly<Record<LogLevel, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' };
const COLORS: Readonly<Record<LogLevel, string>> = { debug: '90', info: '32', warn: '33', error: '31' };

function textLines(colors: boolean): Format {
  const word = (level: LogLevel): string =>
    colors ? `\x1b[${COLORS[level]}m${WORDS[level]}:\x1b[0m` : `${WORDS[level]}:`;
  return (level, message, fields) => {
    const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${oneLine(String(value))}`);
    return `${word(level)} ${oneLine(message)}${pairs.join('')}\n`;
  };
}

/** Removes characters that begin a new line or move the terminal's cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ');
}
