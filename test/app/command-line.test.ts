import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SETTINGS } from '../../src/app/settings/setting-list.ts';
import { readArguments } from '../../src/cli/arguments.ts';
import { help } from '../../src/cli/help.ts';

const SERVE = { kind: 'run', role: 'serve', processes: 1, overrides: {} } as const;

describe('arguments', () => {
  const cases: readonly [string, unknown][] = [
    ['', SERVE],
    ['serve', SERVE],
    ['--port 9000', { ...SERVE, overrides: { PORT: '9000' } }],
    ['--port=9000 --host 0.0.0.0', { ...SERVE, overrides: { PORT: '9000', HOST: '0.0.0.0' } }],
    ['serve --data-dir /x', { ...SERVE, overrides: { DATA_DIR: '/x' } }],
    ['api --processes 4', { ...SERVE, role: 'api', processes: 4 }],
    ['--processes=2 worker', { ...SERVE, role: 'worker', processes: 2 }],
    ['deliverer', { ...SERVE, role: 'deliverer' }],
    ['dead', { kind: 'dead', action: 'list', ids: [] }],
    ['dead requeue', { kind: 'dead', action: 'requeue', ids: [] }],
    ['dead requeue 1-0 2-0', { kind: 'dead', action: 'requeue', ids: ['1-0', '2-0'] }],
    ['dead drop all', { kind: 'dead', action: 'drop', ids: [] }],
    ['migrate-data --data-dir /x', { kind: 'migrate-data', overrides: { DATA_DIR: '/x' } }],
    ['doctor --json --port 1', { kind: 'doctor', json: true, overrides: { PORT: '1' } }],
    ['--help', { kind: 'help' }],
    ['-h', { kind: 'help' }],
    ['serve --help', { kind: 'help' }],
    ['help', { kind: 'help' }],
    ['--version', { kind: 'version' }],
    ['version', { kind: 'version' }],
  ];
  for (const [line, expected] of cases) {
    test(line === '' ? '(none)' : line, () => {
      assert.deepEqual(readArguments(line === '' ? [] : line.split(' ')), expected);
    });
  }
});

describe('mistakes say what to write', () => {
  const cases: readonly [string, RegExp][] = [
    ['--prot 1', /^"--prot" is neither an option nor a command\. See `npm start -- --help`\.$/],
    ['-p', /^"-p" is neither/],
    ['9000', /^"9000" is neither .* Options follow two dashes: `npm start -- --port 9000`\.$/],
    ['start', /^"start" is neither/],
    ['constructor', /^"constructor" is neither/],
    ['--constructor', /^"--constructor" is neither/],
    ['--port', /^--port needs a value, as in --port=VALUE\.$/],
    ['--port=', /^--port needs a value/],
    ['serve api', /^"api" is neither/],
    ['--processes 0', /^--processes must be a whole number from 1 to 256/],
    ['--processes two', /^--processes must be/],
    ['dead --processes 2', /^--processes is an option of serve, api/],
    ['doctor now', /^"now" is neither/],
    ['serve --json', /^--json is an option of doctor/],
    ['dead burn', /^"dead burn" is not a command: write dead list/],
    ['dead drop', /^dead drop needs ids/],
    ['migrate-data now', /^"now" is neither/],
  ];
  for (const [line, sentence] of cases) {
    test(line, () => {
      const command = readArguments(line.split(' '));
      assert.equal(command.kind, 'mistake');
      assert.match(command.kind === 'mistake' ? command.sentence : '', sentence);
    });
  }
});

test('the help lists every setting and fits 80 columns', () => {
  const lines = help().split('\n');
  for (const name of Object.keys(SETTINGS))
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name}`)),
      name,
    );
  for (const line of lines) assert.ok(line.length <= 80, line);
});
