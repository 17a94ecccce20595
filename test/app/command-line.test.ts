import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SETTINGS } from '../../src/app/settings.ts';
import { readArguments } from '../../src/cli/arguments.ts';
import { help } from '../../src/cli/help.ts';

describe('arguments', () => {
  const cases: readonly [string, unknown][] = [
    ['', { kind: 'serve', overrides: {} }],
    ['serve', { kind: 'serve', overrides: {} }],
    ['--port 9000', { kind: 'serve', overrides: { PORT: '9000' } }],
    ['--port=9000 --host 0.0.0.0', { kind: 'serve', overrides: { PORT: '9000', HOST: '0.0.0.0' } }],
    ['serve --data-dir /x', { kind: 'serve', overrides: { DATA_DIR: '/x' } }],
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
