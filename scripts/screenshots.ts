import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { findProgram } from '../test/support/debian-programs.ts';

/** `node scripts/launch.mjs scripts/screenshots.ts [FOLDER]`: the README's pictures, of a service with lively sample data. */

const ROOT = join(import.meta.dirname, '..');
const FOLDER = process.argv[2] ?? join(ROOT, 'docs/images');
const KEY = 'test-api-key-change-in-prod';
const TYPES = ['order.created', 'order.paid', 'invoice.sent', 'user.signed_up', 'stock.low'];
const WIDE = { width: 1240, height: 760 };
const PHONE = { width: 390, height: 800 };

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'triggers-pictures-'));
  const service = spawn(process.execPath, [join(ROOT, 'src/cli/main.ts')], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const receiver = createServer((request, response) => {
    const status = request.url === '/crm' ? 503 : 200;
    setTimeout(() => response.writeHead(status).end(status === 200 ? '{"ok":true}' : 'down'), 3 + Math.random() * 40);
  });
  try {
    const url = await addressOf(service.stdout);
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    await picture(url, receiverUrl);
  } finally {
    service.kill('SIGTERM');
    receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    output.on('data', (chunk) => {
      text += chunk;
      const port = /http:\/\/localhost:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(`http://localhost:${port}`);
    });
  });
}

async function picture(url: string, receiverUrl: string): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await answer.json()) as { id: string };
  };
  const shop = await post('/api/endpoints', {
    url: `${receiverUrl}/shop`,
    description: 'The shop',
    event_types: ['order.*'],
  });
  await post('/api/endpoints', { url: `${receiverUrl}/mail`, description: 'Mails to customers' });
  const crm = {
    url: `${receiverUrl}/crm`,
    description: 'Sales',
    event_types: ['user.*', 'stock.*'],
    max_attempts: 2,
    retry_schedule: ['1s'],
  };
  await post('/api/endpoints', crm);
  let number = 0;
  const send = () => {
    const type = TYPES[Math.floor(Math.random() * TYPES.length)];
    number++;
    return post('/api/events', {
      type,
      data: { id: 7_100_000 + number, total: '19.90', items: [{ sku: 'tea-12', count: 2 }] },
    });
  };
  let flowing = true;
  const flow = (async () => {
    while (flowing) {
      await Promise.all(Array.from({ length: 1 + Math.floor(Math.random() * 4) }, send));
      await pause(120);
    }
  })();
  const browser = await chromium.launch({
    executablePath: findProgram('chromium'),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    mkdirSync(FOLDER, { recursive: true });
    for (const [theme, sizes] of [
      ['light', [WIDE, PHONE]],
      ['dark', [WIDE, PHONE]],
    ] as const) {
      for (const viewport of sizes) {
        const page = await (await browser.newContext({ colorScheme: theme, viewport })).newPage();
        await page.addInitScript(`sessionStorage.setItem('triggers.key', '${KEY}')`);
        await page.goto(`${url}/dashboard#/live`);
        const suffix = `${theme}${viewport === PHONE ? '-phone' : ''}`;
        await pause(theme === 'light' && viewport === WIDE ? 15_000 : 4_000);
        const { id } = await post('/api/events', { type: 'order.created', data: { id: 7_200_000, total: '19.90' } });
        await pause(500);
        const all = {
          live: 'live',
          events: 'events',
          event: `events/${id}`,
          endpoints: 'endpoints',
          endpoint: `endpoints/${shop.id}`,
          failed: 'failed',
          inbox: 'inbox',
          keys: 'keys',
          send: 'send',
        };
        await shoot(page, all, suffix);
        await page.context().close();
      }
    }
  } finally {
    flowing = false;
    await flow;
    await browser.close();
  }
}

/** All of them into another folder, for looking; into docs/images only the README's. */
const README = ['live-light', 'event-dark', 'endpoints-light', 'live-dark-phone'];

async function shoot(page: Page, all: Readonly<Record<string, string>>, suffix: string): Promise<void> {
  for (const [name, path] of Object.entries(all)) {
    if (process.argv[2] === undefined && !README.includes(`${name}-${suffix}`)) continue;
    await page.evaluate(`location.hash = '#/${path}'`);
    await pause(name === 'live' ? 2_500 : 700);
    await page.screenshot({ path: join(FOLDER, `${name}-${suffix}.png`) });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
