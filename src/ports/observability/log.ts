export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Numbers and short words of our own: never a payload, a secret, a header or an address with a password in it. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Where a part says what happens. Lines never wait for a disk and never throw. Of one level at most 50 lines a second
 * are written, the rest is counted and the count written; at level `debug` all are.
 */
export interface Log {
  /** False: lines of this level go nowhere, so there is no need to build them. */
  enabled(level: LogLevel): boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Of `cause` only the name, the code and the cut and cleaned message are kept. */
  warn(message: string, fields?: LogFields, cause?: unknown): void;
  error(message: string, fields?: LogFields, cause?: unknown): void;
  /**
   * For what happens per request, event or attempt: each kind has its own 50 lines a second, and `message` is called
   * only for those that are written. `kind` stands in the line that counts the rest, and is one of a fixed few (a route,
   * not a path).
   */
  sampled(kind: string, level: LogLevel, message: () => string, fields?: LogFields): void;
}
