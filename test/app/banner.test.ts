import assert from 'node:assert/strict';
import { test } from 'node:test';
import { banner } from '../../src/app/banner.ts';

const FACTS = {
  version: '1.2.3',
  engineName: 'embedded',
  address: 'http://localhost:8000',
  data: '/srv/data',
  developmentKey: 'test-api-key-change-in-prod',
  colors: false,
};

/** From SEED.md, "Manual Testing with cURL", without `time` before it. */
const SEED_CURL = `curl -X POST http://localhost:8000/api/events \\
  -H "X-API-Key: test-api-key-change-in-prod" \\
  -H "Content-Type: application/json" \\
  -d '{
    "type": "test.manual",
    "data": {"message": "test"}
  }' -v
`;

test('it says where everything is and what to try', () => {
  const text = banner(FACTS);
  assert.ok(text.includes(`\n${SEED_CURL}`), 'the curl of SEED.md, word for word');
  assert.match(text, /curl -X POST http:\/\/localhost:8000\/api\/webhook\/config/);
  for (const part of ['1.2.3', 'embedded engine', '/srv/data', ':8000/docs', ':8000/dashboard', 'Ctrl-C']) {
    assert.ok(text.includes(part), part);
  }
});

test('it fits a terminal of 80 columns and 40 rows', () => {
  const lines = banner(FACTS).split('\n');
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.ok(lines.length <= 40);
});

test('the examples follow the address', () => {
  const text = banner({ ...FACTS, address: 'http://localhost:9123' });
  assert.ok(text.includes(SEED_CURL.replace('8000', '9123')));
  assert.ok(!text.includes('8000'));
});

test('where the development key is refused it is not shown', () => {
  const text = banner({ ...FACTS, developmentKey: null });
  assert.doesNotMatch(text, /test-api-key/);
  assert.match(text, /X-API-Key: YOUR_API_KEY/);
});

test('colours only where they are wanted', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour
  assert.doesNotMatch(banner(FACTS), /\x1b/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
  assert.equal(banner({ ...FACTS, colors: true }).replace(/\x1b\[\d+m/g, ''), banner(FACTS));
});
