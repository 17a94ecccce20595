export type Dialect = 'sqlite' | 'postgres';

const MARK = /\/\*(sqlite|postgres)\s([^*]*)\*\//g;
const PARAMETER = /\$(\d+)/g;

/**
 * A statement of the shared stores as one engine runs it. The file is written with `$1` parameters; a comment that begins
 * with `sqlite` or `postgres` is text for that dialect and nothing for the other (`INDEXED BY jobs_by_organization`, `FOR UPDATE`).
 */
export function inDialect(text: string, dialect: Dialect): string {
  const own = text.replace(MARK, (_, of: Dialect, content: string) => (of === dialect ? content.trim() : ''));
  return dialect === 'sqlite' ? own.replace(PARAMETER, '?$1') : own;
}
