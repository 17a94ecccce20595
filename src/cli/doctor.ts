import { SystemClock } from '../app/clock.ts';
import { examine } from '../app/doctor/index.ts';
import { type Environment, environment } from '../app/settings/index.ts';
import type { Finding } from '../ports/finding.ts';
import { printable } from './printable.ts';

const MARKS: Readonly<Record<Finding['level'], { mark: string; color: string }>> = {
  ok: { mark: '✓', color: '32' },
  warning: { mark: '!', color: '33' },
  failed: { mark: '✗', color: '31' },
};
const ABOUT_WIDTH = 12;

/** `doctor`: prints all checks. Resolves with the exit code: 1 if a check prevents the start. */
export async function doctor({ json, overrides }: { json: boolean; overrides: Environment }): Promise<number> {
  const env = environment();
  const findings = await examine({ ...env, ...overrides }, new SystemClock());
  const failed = findings.filter(({ level }) => level === 'failed').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: failed === 0, failed, warnings, findings }, null, 2)}\n`);
  } else {
    const colors = process.stdout.isTTY === true && !env['NO_COLOR'];
    const lines = findings.map((finding) => line(finding, colors));
    process.stdout.write(`${lines.join('\n')}\n\n${summary(failed, warnings)}\n`);
  }
  return failed === 0 ? 0 : 1;
}

function line({ level, about, text }: Finding, colors: boolean): string {
  const { mark, color } = MARKS[level];
  const [on, off] = colors ? [`\x1b[${color}m`, '\x1b[0m'] : ['', ''];
  return `${on}${mark}${off} ${about.padEnd(ABOUT_WIDTH)} ${printable(text)}`;
}

function summary(failed: number, warnings: number): string {
  if (failed > 0) return `The service cannot start: fix what has a ✗ (${failed}), then run doctor again.`;
  if (warnings > 0) return `The service can run. Check what has a ! (${warnings}).`;
  return 'Everything is in order.';
}
