import type { Setting } from './setting-kinds.ts';
import { SETTINGS } from './setting-list.ts';

const ROWS: readonly (readonly [string, Setting<unknown>])[] = Object.entries(SETTINGS);

/** The table of README.md; test/house/documents.test.ts compares them. */
export function settingsMarkdown(): string {
  const rows = ROWS.map(([name, setting]) => {
    const fallback = setting.fallback === null ? '' : `\`${setting.fallback}\``;
    return `| \`${name}\` | ${setting.form} | ${fallback} | ${setting.meaning} |`;
  });
  return ['| name | value | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The list of `--help`. */
export function settingsText(): string {
  return ROWS.map(([name, setting]) => {
    const assigned = setting.fallback === null ? name : `${name}=${setting.fallback}`;
    return `  ${assigned}\n      ${setting.meaning.replaceAll('`', '')}`;
  }).join('\n');
}
