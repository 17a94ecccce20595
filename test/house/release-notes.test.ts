import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { releaseFault, releaseNotes, versionOf } from '../../scripts/release-notes.ts';
import { VERSION } from '../../src/app/version.ts';

const CHANGELOG = readFileSync(join(import.meta.dirname, '../../CHANGELOG.md'), 'utf8');
const SAMPLE =
  '# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2027-01-02\n\n### Added\n\n- A.\n\n## [1.0.0]\n\n- B.\n\n[1.0.0]: #100\n';

test('the notes of a version are its section', () => {
  assert.equal(releaseNotes(SAMPLE, '1.1.0'), '### Added\n\n- A.');
  assert.equal(releaseNotes(SAMPLE, '1.0.0'), '- B.', 'without the links behind the last section');
  assert.equal(releaseNotes(SAMPLE, 'Unreleased'), null, 'an empty section');
  assert.equal(releaseNotes(SAMPLE, '1.1'), null, 'a version that is not there');
});

test('a tag names a version', () => {
  assert.deepEqual(['v1.0.0', '1.0.0', 'version'].map(versionOf), ['1.0.0', '1.0.0', 'version']);
});

test('a release needs notes and the version of package.json', () => {
  assert.equal(releaseFault('1.0.0', '1.0.0', '- B.'), null);
  assert.match(releaseFault('1.0.0', '1.0.0', null) ?? '', /no entries below "## \[1\.0\.0\]"/);
  assert.match(releaseFault('1.0.0', '1.1.0', '- B.') ?? '', /for 1\.0\.0 and package\.json has 1\.1\.0/);
});

/** What Keep a Changelog 1.1 does not allow: other headings, or a section for changes before `Unreleased`. */
function formFaults(changelog: string): string[] {
  const versions = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
  const kinds = [...changelog.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading);
  const isVersion = /^\[\d+\.\d+\.\d+\](?: - \d{4}-\d{2}-\d{2})?$/;
  const isKind = /^(?:Added|Changed|Deprecated|Removed|Fixed|Security)$/;
  return [
    ...(versions[0] === '[Unreleased]' ? [] : ['the first section is not [Unreleased]']),
    ...versions.slice(1).filter((heading) => !isVersion.test(heading)),
    ...kinds.filter((heading) => !isKind.test(heading)),
  ];
}

test('the changelog has the form of Keep a Changelog, and notes for this version', () => {
  assert.deepEqual(formFaults(CHANGELOG), []);
  assert.deepEqual(formFaults('## [Unreleased]\n### News\n## 1.0\n'), ['1.0', 'News'], 'a bad sample');
  assert.notEqual(releaseNotes(CHANGELOG, VERSION), null);
});
