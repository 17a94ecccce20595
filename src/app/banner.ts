/** The values that the start screen shows. */
export interface BannerFacts {
  readonly version: string;
  readonly engineName: string;
  /** URL of the API, without a trailing slash. */
  readonly address: string;
  /** Data folder, or the servers of the distributed engine. */
  readonly data: string;
  /** The development key; null where it is refused. */
  readonly developmentKey: string | null;
  readonly colors: boolean;
}

const WIDTH = 80;

/** The start screen, at most 80 columns wide: addresses, and commands to try. */
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
    row('Docs', `${facts.address}/docs`),
    '',
    `  ${bold('Send an event')}`,
    '',
    eventCurl(facts.address, key ?? 'YOUR_API_KEY'),
    '',
    `  ${bold('Deliver every event to a webhook')} ${dim('(here a receiver on port 3000)')}`,
    '',
    receiverCurl(facts.address, key ?? 'YOUR_API_KEY'),
    '',
    dim('  Ctrl-C stops the service after the work in progress is finished.'),
    '',
    '',
  ].join('\n');
}

/** The curl of the project's first document, unchanged on port 8000. It begins at the left edge so that it can be copied. */
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
