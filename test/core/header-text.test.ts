import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerText } from '../../src/core/delivery/header-text.ts';

const asNodeGivesIt = (bytes: Buffer) => bytes.toString('latin1');

for (const [what, bytes, text] of [
  ['ASCII', Buffer.from('order-7 a'), 'order-7 a'],
  ['nothing', Buffer.from(''), ''],
  ['UTF-8', Buffer.from('Müller-7 😀'), 'Müller-7 😀'],
  ['Latin-1', Buffer.from('Müller-7', 'latin1'), undefined],
  ['half of a character', Buffer.from('ü').subarray(0, 1), undefined],
  ['a surrogate', Buffer.from([0xed, 0xa0, 0x80]), undefined],
  ['an overlong slash', Buffer.from([0xc0, 0xaf]), undefined],
] as const) {
  test(`a header of ${what}`, () => assert.equal(headerText(asNodeGivesIt(bytes)), text));
}
