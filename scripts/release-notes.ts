import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `node scripts/launch.mjs scripts/release-notes.ts v0.1.0`: prints the section of CHANGELOG.md for a tag. Without a tag it
 * prints the section `Unreleased`. It fails if the section is missing or empty, or if package.json has another version.
 */

const ROOT = join(import.meta.dirname, '..');
const UNRELEASED = 'Unreleased';

/** @returns the text below the heading `## [version]`, without the heading; null when there is none, or it is empty */
export function releaseNotes(changelog: string, version: string): string | null {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  if (section === undefined) return null;
  // The last section is followed by the link definitions of the versions.
  const notes = section.slice(section.indexOf('\n')).replace(/^\[[^\]]+\]: .*$/gm, '');
  return notes.trim() || null;
}

/** @returns the version that a tag names; the leading `v` is optional */
export function versionOf(tag: string): string {
  return tag.replace(/^v(?=\d)/, '');
}

/** @returns what is wrong with a release of this version; null when it can be released */
export function releaseFault(version: string, packageVersion: string, notes: string | null): string | null {
  if (notes === null) return `CHANGELOG.md has no entries below "## [${version}]": add them.`;
  if (version === UNRELEASED || version === packageVersion) return null;
  return `The tag is for ${version} and package.json has ${packageVersion}: change one of them.`;
}

function main(tag: string | undefined): void {
  const version = tag === undefined ? UNRELEASED : versionOf(tag);
  const notes = releaseNotes(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), version);
  const { version: packageVersion } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  const fault = releaseFault(version, packageVersion, notes);
  if (fault !== null) {
    process.stderr.write(`${fault}\n`);
    process.exitCode = 1;
  } else process.stdout.write(`${notes}\n`);
}

if (import.meta.main) main(process.argv[2]);
