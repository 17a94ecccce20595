/** What the screen after a start says. */
export interface BannerFacts {
  readonly version: string;
  readonly engineName: string;
  /** Where the API answers, without a slash at the end. */
  readonly address: string;
  /** Where the data is kept. */
  readonly data: string;
  /** The well-known key; null where it is refused. */
  readonly developmentKey: string | null;
  readonly colors: boolean;
}

const WIDTH = 80;

/** One screen for whoever started it for the first time: what runs where, and what to try. */
export function banner(facts: BannerFacts): string {
  const bold = (text: string): string => style('1', text, facts.colors);
  const dim = (text: string): string => style('2', text, facts.colors);
  const cyan = (text: string): string => style('36', text, facts.colors);
  const row = (label: string, value: string, remark = ''): string =>
    `  ${dim(label.padEnd(12))}${cyan(value)}${remark === '' ? '' : dim(`  ${remark}`)}`;
  const engine = `${facts.engineName} engine`;
  const title = `Triggers API ${facts.version}`;
  const key = facts.developmentKey;
  return [
    '',
    `  ${bold(title)}${dim(engine.padStart(WIDTH - 4 - title.length))}`,
    dim(`  ${'─'.repeat(WIDTH - 4)}`),
    row('Address', facts.address),
    ...(key === null ? [] : [row('API key', key, '(for development only)')]),
    row('Data', facts.data),
    row('Dashboard', `${facts.address}/dashboard`),
    row('Documents', `${facts.address}/docs`),
    '',
    `  ${bold('Send an event')}`,
    '',
    eventCurl(facts.address, key ?? 'YOUR_API_KEY'),
    '',
    `  ${bold('Have every event sent to you')} ${dim('(here to a receiver on port 3000)')}`,
    '',
    receiverCurl(facts.address, key ?? 'YOUR_API_KEY'),
    '',
    dim('  Ctrl-C stops it; what is under way is finished first.'),
    '',
    '',
  ].join('\n');
}

/** SEED.md's, word for word where the port is 8000. At the left edge, so that it can be copied as it is. */
function eventCurl(address: string, key: string): string {
  return `curl -X POST ${address}/api/events \\
  -H "X-API-Key: ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "type": "test.manual",
    "data": {"message": "test"}
  }' -v`;
}

function receiverCurl(address: string, key: string): string {
  return `curl -X POST ${address}/api/webhook/config \\
  -H "X-API-Key: ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"webhook_url": "http://localhost:3000/webhook"}'`;
}

function style(code: string, text: string, colors: boolean): string {
  return colors ? `\x1b[${code}m${text}\x1b[0m` : text;
}
