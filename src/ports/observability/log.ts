export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Numbers and fixed words. Never a payload, a secret, a header, or an address with a password. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/**
 * The log. Logging never blocks on a disk and never throws. At most 50 lines a second are written per level; further
 * ones are counted and their number is written. Level `debug` writes all lines.
 */
export interface Log {
  /** False when lines of this level are discarded, so that the caller need not build them. */
  enabled(level: LogLevel): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Of `cause`, only the name, the code and the shortened, sanitized message are written. */
  warn(message: string, fields?: LogFields, cause?: unknown): void;
  error(message: string, fields?: LogFields, cause?: unknown): void;
  /**
   * For lines per request, event or attempt: each `kind` has its own 50 lines a second, and `message` is called only
   * for lines that are written. `kind` also appears in the line that counts the rest, and must be one of a few fixed
   * values (a route, not a path).
   */
  sampled(kind: string, level: LogLevel, message: () => string, fields?: LogFields): void;
}
