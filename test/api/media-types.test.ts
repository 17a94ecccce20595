import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonType, isNdjsonType, isStructuredCloudEvent } from '../../src/api/http/answers/media-types.ts';

const JSON_IN_UTF8 = [
  'application/json',
  'APPLICATION/JSON',
  'application/json;',
  'application/json ; ;',
  'application/json;charset=UTF-8',
  'application/json; charset=utf8',
  'application/json; charset="utf-8"',
  'application/json; charset="\\utf-8"',
  'application/json;\tCharset="UTF8" ',
  'application/json; odata=verbose',
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
  'application/json; profile="a;charset=utf-16\\""; charset=utf-8',
];

const OTHERS = [
  undefined,
  '',
  'application',
  'application/',
  '/json',
  'application/jsonx',
  'text/json',
  'application /json',
  'application/json, text/plain',
  'application/json charset=utf-8',
  'application/json; charset',
  'application/json; charset=',
  'application/json; =utf-8',
  'application/json; charset=utf-16',
  'application/json; charset="utf-8',
  'application/json; charset="utf-8"x',
  'application/json; a=" ; charset=utf-8',
  // Longer than any that is meant.
  `application/json; a=${'x'.repeat(300)}`,
];

for (const type of JSON_IN_UTF8) test(`JSON: ${type}`, () => assert.ok(isJsonType(type)));
for (const type of OTHERS) {
  test(`not JSON: ${type?.slice(0, 60)}`, () => {
    assert.ok(!isJsonType(type));
    assert.ok(!isStructuredCloudEvent(type));
    assert.ok(!isNdjsonType(type));
  });
}

test('each type is itself alone', () => {
  assert.ok(isStructuredCloudEvent('application/cloudevents+json; charset=UTF-8'));
  assert.ok(isNdjsonType('Application/X-NDJSON; charset=utf8'));
  assert.ok(!isJsonType('application/cloudevents+json'));
  assert.ok(!isNdjsonType('application/json'));
  assert.ok(!isStructuredCloudEvent('application/json'));
});
