import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findProgram } from './debian-programs.ts';
import type { Cleanup } from './service.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's Chromium without a window; ends with the test. */
export async function startBrowser(cleanup: Cleanup): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: findProgram('chromium'), args: FLAGS });
  cleanup.after(() => browser.close());
  return browser;
}

/** @returns what axe calls serious or critical, a line each */
export async function axeFaults(page: Page): Promise<string[]> {
  // Evaluated by the debugger: the page's policy stays as it is, and forbids script elements.
  if (await page.evaluate('window.axe === undefined')) await page.evaluate(AXE);
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}
