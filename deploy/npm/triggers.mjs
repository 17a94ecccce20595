#!/usr/bin/env node
/**
 * `npx triggers-api`: the `triggers` command of the installed package. It needs Node 24; on an older one it goes on under a
 * Node 24 that npm fetches (some seconds, once), and hands on signals and the exit code.
 */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { fetchArguments, isPinned, nodePackage, PINNED_NODE } from './pinned-node.mjs';

const NEEDED_NODE_MAJOR = 24;
/** In MB: measured to halve what an idle service grows to. Before the first garbage collection. */
const YOUNG_GENERATION = '--max-semi-space-size=4';
const MAIN = new URL('../src/cli/main.js', import.meta.url);

/** npm keeps a SIGTERM to itself: when `npx` is gone, what it started drains. */
const PARENT_CHECK_MS = 250;

if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE_MAJOR) {
  setFlagsFromString(YOUNG_GENERATION);
  whenNpmIsGone(() => process.kill(process.pid, 'SIGTERM'));
  await import(MAIN.href);
} else {
  process.exitCode = await underNewerNode();
}

async function underNewerNode() {
  process.stderr.write(
    `Node ${NEEDED_NODE_MAJOR} is needed and this is ${process.versions.node}: npm fetches it (5 to 10 s, once)…\n`,
  );
  const own = nodePackage();
  const node = (own === undefined ? undefined : await find(own)) ?? (await find('node'));
  if (node === undefined) {
    process.stderr.write(
      `npm could not fetch Node ${NEEDED_NODE_MAJOR}. Install it (https://nodejs.org), and start again.\n`,
    );
    return 1;
  }
  const child = spawn(node, [YOUNG_GENERATION, fileURLToPath(MAIN), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  whenNpmIsGone(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function whenNpmIsGone(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
}

/** The path of the Node in an npm package; undefined where that can't be had. */
async function find(name) {
  try {
    const shell = process.platform === 'win32';
    const { stdout } = await promisify(execFile)('npm', fetchArguments(name), { shell });
    const path = stdout.trim().split('\n').pop();
    if (isPinned(path)) return path;
    process.stderr.write(`What npm fetched as Node ${PINNED_NODE} is another program (${path}): it is not run.\n`);
    return undefined;
  } catch {
    return undefined;
  }
}
