import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of each secret so much is looked for: what was cut off is a leak too. */
const LENGTH = 16;
/** As JSON and text write them alike, so that they are found in both. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{16}$/;
/** Times and ids, which are logged, and one letter many times, which fills paths and payloads alike. */
const ORDINARY = /^\d{4}-\d\d-\d\dT|^[0-9a-f]{8}-[0-9a-f]{4}-|^(.)\1+$/;
/** Secrets by their form, whoever made them. */
const FORMS = /\bwhs(?:ec|k)_[A-Za-z0-9+/=]{16}/;
const MAX_TOLD = 20;

/** Looks in all that the services of a test run logged for what must not be there. @returns a line each, with its place */
export function findLeaks(folder: string): readonly string[] {
  const names = readdirSync(folder).sort();
  const secrets = new Set<string>();
  for (const name of names.filter((each) => each.endsWith('.secrets'))) {
    for (const line of linesOf(folder, name)) {
      for (const secret of JSON.parse(line) as string[]) {
        const start = secret.slice(0, LENGTH);
        if (PLAIN.test(start) && !ORDINARY.test(start)) secrets.add(start);
      }
    }
  }
  const leaks: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.log'))) {
    linesOf(folder, name).forEach((line, at) => {
      const secret = FORMS.exec(line)?.[0] ?? secretIn(line, secrets);
      if (secret !== undefined) leaks.push(`${join(folder, name)}:${at + 1} has ${secret}…: ${line.slice(0, 300)}`);
    });
  }
  const more = leaks.length - MAX_TOLD;
  return more > 0 ? [...leaks.slice(0, MAX_TOLD), `… and ${more} more`] : leaks;
}

/** One look-up a character, however many secrets there are. */
function secretIn(line: string, secrets: ReadonlySet<string>): string | undefined {
  for (let at = 0; at + LENGTH <= line.length; at++) {
    const part = line.slice(at, at + LENGTH);
    if (secrets.has(part)) return part;
  }
  return undefined;
}

function linesOf(folder: string, name: string): string[] {
  return readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
