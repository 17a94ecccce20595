import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A small tree in which every rule of .dependency-cruiser.cjs is broken once, each in a file of its own. */
const BAD_TREE: Readonly<Record<string, { readonly breaks: readonly string[]; readonly text: string }>> = {
  'src/core/upwards.ts': { breaks: ['core-knows-core'], text: "import '../ports/port.ts';" },
  'src/core/type-upwards.ts': { breaks: ['core-knows-core'], text: "import type { Port } from '../ports/port.ts';" },
  'src/core/reads-files.ts': { breaks: ['core-has-no-parts'], text: "import 'node:fs';" },
  'src/ports/upwards.ts': { breaks: ['ports-know-core'], text: "import '../pipeline/station.ts';" },
  'src/pipeline/upwards.ts': { breaks: ['pipeline-knows-ports'], text: "import '../api/route.ts';" },
  'src/pipeline/chooses.ts': {
    breaks: ['only-compose-knows-every-part', 'pipeline-knows-ports'],
    text: "import '../engines/one/part.ts';",
  },
  'src/sender/sideways.ts': { breaks: ['sender-knows-ports'], text: "import '../pipeline/station.ts';" },
  'src/engines/one/sideways.ts': { breaks: ['engines-know-ports'], text: "import '../two/part.ts';" },
  'src/engines/stores/jobs/sideways.ts': { breaks: ['engines-know-ports'], text: "import '../../one/part.ts';" },
  'src/engines/stores/jobs/past-the-door.ts': {
    breaks: ['rooms-have-doors'],
    text: "import '../statements/inside.ts';",
  },
  'src/api/upwards.ts': { breaks: ['api-knows-pipeline'], text: "import '../app/other.ts';" },
  'src/api/chooses.ts': {
    breaks: ['only-compose-knows-every-part', 'api-knows-pipeline'],
    text: "import '../sender/part.ts';",
  },
  'src/app/upwards.ts': { breaks: ['app-knows-no-cli'], text: "import '../cli/command.ts';" },
  'src/app/chooses.ts': { breaks: ['only-compose-knows-every-part'], text: "import '../sender/part.ts';" },
  'packages/client/src/into-the-service.ts': {
    breaks: ['client-knows-itself'],
    text: "import '../../../src/core/fact.ts';",
  },
  'src/pipeline/two/past-the-door.ts': { breaks: ['rooms-have-doors'], text: "import '../one/inside.ts';" },
  'src/pipeline/two/inner/past-the-outer-door.ts': { breaks: ['rooms-have-doors'], text: "import '../inside.ts';" },
  'src/cli/past-the-app.ts': { breaks: ['cli-knows-app'], text: "import '../pipeline/station.ts';" },
  'src/app/tests.ts': { breaks: ['nothing-imports-tests', 'app-knows-no-cli'], text: "import '../../test/help.ts';" },
  'dashboard/src/server.ts': { breaks: ['dashboard-knows-dashboard'], text: "import '../../src/core/fact.ts';" },
  'bench/tests.ts': { breaks: ['bench-imports-only-test-support'], text: "import '../test/help.ts';" },
  'src/app/round.ts': { breaks: ['no-cycles'], text: "import './trip.ts';" },
  // A circle is reported where it was entered.
  'src/app/trip.ts': { breaks: [], text: "import './round.ts';" },
  'src/app/nowhere.ts': { breaks: ['every-import-is-there'], text: "import './missing.ts';" },
  'src/app/develops.ts': { breaks: ['src-needs-no-dev-dependency'], text: "import 'only-for-tests';" },
};

/** What may be imported by those above it, and breaks nothing. */
const GOOD_TREE: Readonly<Record<string, string>> = {
  'src/core/fact.ts': "import 'node:crypto'; export const FACT = 1;",
  'src/ports/port.ts': "import '../core/fact.ts'; export interface Port {}",
  'packages/client/src/index.ts': '',
  'src/pipeline/station.ts': "import '../ports/port.ts';",
  'src/pipeline/one/index.ts': "import './inside.ts';",
  'src/pipeline/one/inside.ts': "import '../../ports/port.ts';",
  'src/pipeline/two/inside.ts': "import '../one/index.ts';",
  'src/sender/part.ts': "import '../ports/port.ts';",
  'src/engines/one/part.ts': "import '../../ports/port.ts'; import 'node:sqlite';",
  'src/engines/two/part.ts': "import '../../ports/port.ts'; import '../stores/statements/index.ts';",
  'src/engines/stores/statements/index.ts': "import './inside.ts';",
  'src/engines/stores/statements/inside.ts': "import '../../../ports/port.ts';",
  'src/api/route.ts': "import '../pipeline/station.ts';",
  'src/app/compose.ts': "import '../api/route.ts'; import '../engines/one/part.ts'; import '../sender/part.ts';",
  'src/app/other.ts': "import './compose.ts';",
  'src/cli/command.ts': "import '../app/other.ts';",
  'dashboard/src/part.ts': 'export const PART = 1;',
  'bench/start.ts': "import '../test/support/start.ts';",
  'test/support/start.ts': "import '../help.ts';",
  'test/help.ts': "import '../src/cli/command.ts';",
  'node_modules/only-for-tests/package.json': '{"name":"only-for-tests","version":"1.0.0","main":"index.js"}',
  'node_modules/only-for-tests/index.js': '',
  'package.json': '{"name":"tree","type":"module","devDependencies":{"only-for-tests":"1.0.0"}}',
};

test('every import rule finds what breaks it, and nothing else', (context) => {
  const folder = temporaryFolder(context);
  for (const [path, text] of Object.entries(GOOD_TREE)) write(join(folder, path), text);
  for (const [path, { text }] of Object.entries(BAD_TREE)) write(join(folder, path), text);
  const { status, violations } = cruise(folder);
  assert.notEqual(status, 0, 'violations must fail the check');
  const expected = Object.entries(BAD_TREE).flatMap(([path, { breaks }]) => breaks.map((rule) => `${path} ${rule}`));
  assert.deepEqual(violations, expected.sort());
});

test('a tree that keeps the rules passes', (context) => {
  const folder = temporaryFolder(context);
  for (const [path, text] of Object.entries(GOOD_TREE)) write(join(folder, path), text);
  const { status, violations } = cruise(folder);
  assert.deepEqual(violations, []);
  assert.equal(status, 0);
});

function cruise(folder: string): { status: number | null; violations: string[] } {
  const tool = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const run = (type: string) =>
    spawnSync(
      process.execPath,
      [tool, 'src', 'test', 'bench', 'packages', 'dashboard', '--config', config, '--output-type', type],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
  const found = JSON.parse(run('json').stdout) as {
    summary: { violations: { from: string; rule: { name: string; severity: string } }[] };
  };
  // A warning would not fail the check.
  const errors = found.summary.violations.filter(({ rule }) => rule.severity === 'error');
  const violations = errors.map(({ from, rule }) => `${from} ${rule.name}`);
  return { status: run('err').status, violations: [...new Set(violations)].sort() };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
