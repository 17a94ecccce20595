import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scanJson, textOf } from '../../src/core/json/json-scan.ts';
import { MAX_JSON_DEPTH } from '../../src/core/limits.ts';

const scan = (text: string) => scanJson(Buffer.from(text));
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

function nativeAccepts(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('scanJson', () => {
  const cases = [
    '',
    ' ',
    '{',
    '}',
    '{}',
    '[]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '[1,]',
    '[,1]',
    '{"a":1}{',
    '{"a":1} x',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":undefined}',
    '{"a":tru}',
    '{"a":nul}',
    '{"a":01}',
    '{"a":-}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":+1}',
    '{"a":0x10}',
    '{"a":-0}',
    '{"a":1E+2}',
    '{"a":1e400}',
    '{"a":"\\u12"}',
    '{"a":"\\ud800"}',
    '{"a":"\\x"}',
    '{"a":"\\"}',
    '{"a":"\n"}',
    '{"a":"\u0000"}',
    '{"a":"\t"}',
    '{"a":"\u007f"}',
    '\ufeff{}',
    '// x\n{}',
    '"x"',
    '7',
    'null',
    ' \t\r\n{ "a" :\t[ 1 , { "b" : null } ] }\n',
    '{"__proto__":{"x":1}}',
  ];
  for (const text of cases) {
    test(`agrees with JSON.parse about ${JSON.stringify(text)}`, () => {
      assert.equal(scan(text).kind !== 'invalid', nativeAccepts(text));
    });
  }

  test('says where the members stand, white space left out', () => {
    const bytes = Buffer.from('{ "type" : "a" ,\n"data":  {"n": 12345678901234567890 , "s":"}"} , "é":-1.5e3 }');
    const found = scanJson(bytes);
    assert.equal(found.kind, 'object');
    const members = found.kind === 'object' ? found.members : [];
    assert.deepEqual(
      members.map((member) => [member.key, member.kind, textOf(bytes, member)]),
      [
        ['type', 'string', '"a"'],
        ['data', 'object', '{"n": 12345678901234567890 , "s":"}"}'],
        ['é', 'number', '-1.5e3'],
      ],
    );
  });

  test('refuses a key that is set twice at the top, however it is spelled, and only there', () => {
    assert.equal(scan('{"data":1,"data":2}').kind, 'invalid');
    assert.equal(scan('{"data":1,"d\\u0061ta":2}').kind, 'invalid');
    assert.equal(scan('{"a":{"x":1,"x":2}}').kind, 'object');
  });

  test(`takes ${MAX_JSON_DEPTH} levels and not one more`, () => {
    assert.equal(scan(nested(MAX_JSON_DEPTH)).kind, 'other');
    assert.equal(scan(nested(MAX_JSON_DEPTH + 1)).kind, 'invalid');
    assert.equal(scan(`{"a":${nested(MAX_JSON_DEPTH - 1)}}`).kind, 'object');
    assert.equal(scan(`{"a":${nested(MAX_JSON_DEPTH)}}`).kind, 'invalid');
    assert.equal(scan('{"a":'.repeat(100_000)).kind, 'invalid');
  });

  test('property: members are what JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, null, indent));
        const found = scanJson(bytes);
        assert.equal(found.kind, 'object');
        const members = found.kind === 'object' ? found.members : [];
        const printed = JSON.parse(bytes.toString()) as Record<string, unknown>;
        assert.deepEqual(new Set(members.map(({ key }) => key)), new Set(Object.keys(printed)));
        for (const member of members) {
          const text = textOf(bytes, member);
          assert.equal(text, text.trim());
          assert.deepEqual(JSON.parse(text), Object.getOwnPropertyDescriptor(printed, member.key)?.value);
        }
      }),
    );
  });

  test('property: what is broken anywhere is judged as JSON.parse judges it', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'u00',
      'a',
      '1',
      '0',
      '-',
      '.',
      'e',
      ' ',
      'true',
      'null',
      '"a"',
      '{"b":1}',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const twice = scan(text);
        if (twice.kind === 'invalid' && twice.detail.includes('given twice')) return;
        assert.equal(twice.kind !== 'invalid', nativeAccepts(text), text);
      }),
      { numRuns: 5_000 },
    );
  });

  test('property: one changed byte never gets past that JSON.parse would refuse', () => {
    const sample = Buffer.from('{"type":"order.created","data":{"n":[1,2.5e-3,"\\u00e9\\n"],"t":true,"z":null}}');
    fc.assert(
      fc.property(fc.nat(sample.length - 1), fc.integer({ min: 0, max: 127 }), (at, byte) => {
        const bytes = Buffer.from(sample);
        bytes[at] = byte;
        const found = scanJson(bytes);
        if (found.kind === 'invalid' && found.detail.includes('given twice')) return;
        assert.equal(found.kind !== 'invalid', nativeAccepts(bytes.toString()));
      }),
      { numRuns: 3_000 },
    );
  });
});
