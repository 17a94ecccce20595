import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { chosenEngine } from '../support/engine-choice.ts';
import { Receiver } from '../support/receiver.ts';
import { eventually, startTestService } from '../support/service.ts';

const FOLDER = join(import.meta.dirname, '../../deploy');
const NAME = /\b(?:triggers|nodejs|process)_[a-z0-9_]+/g;
/** Of what has values that only one engine has. */
const STORES = { embedded: ['disk'], distributed: ['redis', 'postgres'] } as const;
const STEPS = { embedded: ['commit'], distributed: ['intake', 'record'] } as const;

/** The expressions, not the sentences around them. */
function expressions(file: string): string[] {
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const found = file.endsWith('.yaml')
    ? [...text.matchAll(/^\s+expr: (.+)$/gm)].map((match) => match[1])
    : [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map((match) => JSON.parse(match[1] ?? '""') as string);
  return found.filter((expression) => expression !== undefined);
}

/** Names and labels that an expression uses and the page does not have. */
function missing(expression: string, page: string): string[] {
  const names = [...expression.matchAll(NAME)].map(([name]) => name);
  const labels = [...expression.matchAll(/\b(\w+)=~?"/g), ...expression.matchAll(/by \(([^)]+)\)/g)]
    .flatMap((match) => (match[1] ?? '').split(/,\s*/))
    .filter((label) => label !== 'instance');
  return [
    ...names.filter((name) => !new RegExp(`^${name}[ {]`, 'm').test(page)),
    ...labels.filter((label) => !names.some((name) => new RegExp(`^${name}\\{[^}]*\\b${label}="`, 'm').test(page))),
  ];
}

describe('alert rules and dashboard', () => {
  test('every metric and label they name is on the page', async (context) => {
    const service = await startTestService(context);
    const receiver = await Receiver.start((_got, response) => void response.writeHead(200).end());
    context.after(() => receiver.stop());
    await service.post('/api/endpoints', { url: receiver.url, event_types: ['a'] });
    await service.send('a', 1);
    const engine = chosenEngine();
    const page = await eventually(async () => {
      const { text } = await service.get('/metrics');
      assert.match(text, /triggers_deliveries_total\{status="delivered"\} 1/);
      for (const store of STORES[engine])
        assert.ok(text.includes(`triggers_store_duration_seconds_count{store="${store}"}`));
      for (const step of STEPS[engine]) assert.ok(text.includes(`triggers_group_size_count{step="${step}"}`));
      return text;
    });
    for (const [file, least] of [
      ['prometheus/alerts.yaml', 10],
      ['grafana/triggers.json', 25],
    ] as const) {
      const all = expressions(file);
      assert.ok(all.length >= least, `${file}: ${all.length}`);
      for (const expression of all) assert.deepEqual(missing(expression, page), [], `${file}: ${expression}`);
    }
    assert.deepEqual(missing('sum by (tier) (triggers_nothing{outcome="x"})', page), [
      'triggers_nothing',
      'outcome',
      'tier',
    ]);
  });
});
