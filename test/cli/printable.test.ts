import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { printable } from '../../src/cli/printable.ts';
import { Output } from '../../src/cli/remote/output.ts';

/** CSI, OSC 8 and 52, BEL, backspace, carriage return, DEL, C1, directions, invisible ones, tags. */
const HOSTILE = [
  '\x1b[31mred',
  '\x1b]52;c;AAAA\x07',
  '\x1b]8;;http://evil\x1b\\',
  '\u009b2J',
  '\u009d0;title\u009c',
  'a\rb',
  'a\bb',
  '\x7f',
  '\0',
  '\u202egpj.exe',
  '\u2066a\u2069',
  '\u200b\ufeff\u2060',
  '\u2028\u2029',
  '\u{e0041}',
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ACTS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

describe('what others wrote', () => {
  for (const text of HOSTILE) {
    test(JSON.stringify(text), () => {
      const shown = printable(text);
      assert.doesNotMatch(shown, ACTS);
      // As JSON it is the same text.
      assert.equal(JSON.parse(printable(JSON.stringify(text))), text);
    });
  }

  test('shows what is only text, in any language', () => {
    for (const text of ['żółć', '日本語', 'עברית', '👩‍👩‍👧', 'a\tb\nc', '<&>"', '{"a":"b"}'])
      assert.equal(printable(text), text);
  });
});

test('our own colours are the only ones that reach a terminal', () => {
  const written: string[] = [];
  const stream = { isTTY: true, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const output = new Output(false, stream, true);
  for (const text of HOSTILE)
    output.result({}, `${output.style('red', text)}  ${output.table([[text, output.status('failed')]])}`);
  output.say(HOSTILE[0] ?? '');
  const [first = ''] = written;
  assert.ok(
    first.startsWith('\x1b[31m\\u001b[31mred\x1b[39m  \\u001b[31mred  \x1b[31mfailed\x1b[39m'),
    JSON.stringify(first),
  );
  for (const line of written) {
    assert.doesNotMatch(line.replaceAll('\x1b[31m', '').replaceAll('\x1b[39m', '').trimEnd(), ACTS);
  }
  const json: string[] = [];
  const lines = new Output(true, { write: (text: string) => json.push(text) } as unknown as NodeJS.WriteStream, true);
  lines.result(HOSTILE, '');
  assert.doesNotMatch(json.join('').trimEnd(), ACTS);
  assert.deepEqual(JSON.parse(json.join('')), HOSTILE);
});
