/**
 * Runs a program of this repository under Node ≥ 24, whatever Node started it: `node scripts/launch.mjs FILE ARGS…`.
 * Every npm script goes through here, so that a bare clone on a machine with Node 20 works:
 *
 * 1. installs the packages when they are missing or not those of package-lock.json: the first `npm start` only those that
 *    the service needs (53 MB instead of 274),
 * 2. finds a Node ≥ 24: this one, the one found last time, or one fetched by npm, side by side with 1,
 * 3. builds the dashboard for the programs that serve it, when its sources changed (scripts/build-dashboard.mjs),
 * 4. runs the program under it, hands on signals and the exit code, and stops it when npm is gone.
 *
 * `npm start` says `exec node …`: between npm and this process stands no shell then, which would keep SIGTERM to itself
 * and turn a Ctrl-C that drained and ended with 0 into a death by SIGINT.
 *
 * Plain JavaScript without packages: it runs before there are any, and on old Nodes.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchArguments, isPinned, nodePackage, PINNED_NODE } from '../deploy/npm/pinned-node.mjs';

const NEEDED_NODE_MAJOR = 24;
const PARENT_CHECK_MS = 250;
const LOCK_CHECK_MS = 200;
/** Who made a lock file writes its pid at once; one that stays empty for this long belongs to nobody. */
const EMPTY_LOCK_MS = 10_000;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const LOCK_FILE = join(ROOT, 'package-lock.json');
const NODE_MODULES = join(ROOT, 'node_modules');
/** What was installed last: the SHA-256 of package-lock.json, and whether for development too. */
const INSTALLED_STAMP = join(NODE_MODULES, '.triggers-lock');
/** Of the one version: what an earlier launcher fetched was another program, and checked against nothing. */
const NODE_PATH_CACHE = join(NODE_MODULES, `.triggers-node-${PINNED_NODE}`);
/** Compiled code, types stripped: measured, it takes a third off a start. */
const COMPILE_CACHE = join(NODE_MODULES, '.cache', 'compile');
const INSTALL_LOCK = join(ROOT, '.install-lock');
/** What runs without the packages for development. */
const SERVICE = 'src/cli/main.ts';
const WITH_DASHBOARD = [SERVICE, 'scripts/test.ts', 'scripts/screenshots.ts'];

/** The processes that run now (npm, then the program), for signals. */
const running = new Set();
let stopSignal;

class Refused extends Error {}

/** Runs `command` to its end. Resolves with its exit code (128 + n after signal n) and what it wrote into pipes. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    running.add(child);
    let output = '';
    let errors = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code === null ? 128 + osConstants.signals[signal] : code, output, errors });
    });
  });
}

function stop(signal) {
  stopSignal = signal;
  for (const child of running) child.kill(signal);
}

/** Sends SIGTERM once when npm, or the shell in which npm runs most scripts, is gone. */
function stopWhenNpmIsGone() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    // Unless it is stopping already: a second signal would end it at once.
    if (stopSignal === undefined) stop('SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}

// --- packages ---

async function installIfNeeded(forDevelopment) {
  if (isInstalled(forDevelopment)) return;
  await holdInstallLock();
  try {
    if (stopSignal === undefined && !isInstalled(forDevelopment)) await install(forDevelopment);
  } finally {
    if (readIfThere(INSTALL_LOCK) === String(process.pid)) rmSync(INSTALL_LOCK);
  }
}

function isInstalled(forDevelopment) {
  const stamp = readIfThere(INSTALLED_STAMP);
  if (stamp === stampOf(true) || (!forDevelopment && stamp === stampOf(false))) return true;
  if (!hasEveryPackage(forDevelopment)) return false;
  writeIfPossible(INSTALLED_STAMP, stampOf(forDevelopment));
  return true;
}

function stampOf(forDevelopment) {
  const hash = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
  return forDevelopment ? `${hash} with development packages` : hash;
}

/** For who ran `npm ci` or `npm install` by hand: npm notes in a lock file of its own what it put there. */
function hasEveryPackage(forDevelopment) {
  const noted = readIfThere(join(NODE_MODULES, '.package-lock.json'));
  if (noted === undefined) return false;
  const there = JSON.parse(noted).packages;
  return Object.entries(JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages).every(([path, wanted]) => {
    const needed = path !== '' && !wanted.optional && (forDevelopment || !(wanted.dev || wanted.devOptional));
    return !needed || there[path]?.version === wanted.version;
  });
}

async function install(forDevelopment) {
  // What is there for development stays: leaving it out would remove it.
  const all = forDevelopment || existsSync(NODE_MODULES);
  const done = showProgress(`Installing the packages${all ? '' : ' that the service needs'} (only when they change)…`);
  // `install --no-save` and not `ci`: it takes the same versions from package-lock.json, but changes only what differs, so
  // that a service which runs from this folder keeps its files.
  const args = ['install', '--no-save', all ? '--include=dev' : '--omit=dev', '--no-audit', '--no-fund'];
  const { code, errors } = await runNpm([...args, '--loglevel=error']);
  done();
  if (stopSignal !== undefined) return;
  if (code !== 0) throw new Refused(whyNotInstalled(errors));
  writeIfPossible(INSTALLED_STAMP, stampOf(all));
}

/** npm's own words hold stack traces and much else: its code is enough where it says what to do. */
function whyNotInstalled(errors) {
  const code = /^npm error code (\S+)/m.exec(errors)?.[1] ?? 'no code';
  if (/^(ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET|FETCH_ERROR)/.test(code)) {
    return `The packages could not be installed: the package registry can't be reached (${code}). Check the network or the proxy, and start again.`;
  }
  if (/^(EACCES|EROFS|EPERM)$/.test(code)) {
    return `The packages could not be installed: this folder or npm's cache can't be written to (${code}). Change the permissions, and start again.`;
  }
  if (code === 'ENOSPC')
    return 'The packages could not be installed: there is no space left. Make room, and start again.';
  return `The packages could not be installed (${code}): \`npm install\` shows why.`;
}

/** On a terminal the seconds run. @returns what ends it */
function showProgress(text) {
  const since = Date.now();
  const seconds = () => `${((Date.now() - since) / 1000).toFixed(0)} s`;
  if (!process.stderr.isTTY) {
    say(text);
    return () => say(`… ended after ${seconds()}.`);
  }
  const show = () => process.stderr.write(`\r${text} ${seconds()}`);
  const timer = setInterval(show, 1_000);
  show();
  return () => {
    clearInterval(timer);
    show();
    say('');
  };
}

/** One install at a time: two would take each other's files away. */
async function holdInstallLock() {
  let saidSo = false;
  while (!tryInstallLock()) {
    if (!saidSo) say('Another start is installing the packages: waiting for it…');
    saidSo = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_CHECK_MS));
    if (stopSignal !== undefined) return;
  }
}

function tryInstallLock() {
  try {
    writeFileSync(INSTALL_LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') {
      dropAbandonedLock();
      return false;
    }
    throw new Refused(`The packages are not installed, and this folder can't be written to (${error.code}).`);
  }
}

function dropAbandonedLock() {
  const owner = readIfThere(INSTALL_LOCK);
  if (owner === undefined || (owner === '' ? lockAgeMs() < EMPTY_LOCK_MS : isAlive(Number(owner)))) return;
  // Renamed first: of two that find it abandoned, one gets it.
  const mine = `${INSTALL_LOCK}.${process.pid}`;
  try {
    renameSync(INSTALL_LOCK, mine);
    if (readIfThere(mine) !== owner) renameSync(mine, INSTALL_LOCK);
    else rmSync(mine);
  } catch {
    // Another one was faster.
  }
}

function lockAgeMs() {
  try {
    return Date.now() - statSync(INSTALL_LOCK).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// --- dashboard ---

/** A service without a dashboard is better than no service. */
async function buildDashboard() {
  try {
    const { buildDashboardIfChanged } = await import('./build-dashboard.mjs');
    await buildDashboardIfChanged(ROOT);
  } catch (error) {
    const [reason] = String(error.errors?.[0]?.text ?? error.message).split('\n');
    say(`The dashboard could not be built (${reason}): everything else works without it.`);
  }
}

// --- Node ---

async function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE_MAJOR) return process.execPath;
  const cached = readIfThere(NODE_PATH_CACHE);
  if (cached !== undefined && isExecutable(cached)) return cached;
  say(`Node ${NEEDED_NODE_MAJOR} is needed and this is ${process.versions.node}: npm fetches it (5 to 10 s, once)…`);
  const own = nodePackage();
  const path = (own !== undefined && (await fetchNode(own))) || (await fetchNode('node'));
  if (path === undefined && stopSignal === undefined) {
    throw new Refused(
      `npm could not fetch Node ${NEEDED_NODE_MAJOR}. Install Node ${NEEDED_NODE_MAJOR} or later (https://nodejs.org), or make the package registry reachable, and start again.`,
    );
  }
  return path;
}

async function fetchNode(name) {
  if (stopSignal !== undefined) return undefined;
  const [npm, first, shell] = npmCommand();
  const path = await outputOf(npm, [...first, ...fetchArguments(name)], shell);
  if (path === undefined || !isExecutable(path)) return undefined;
  if (!isPinned(path))
    throw new Refused(`What npm fetched as Node ${PINNED_NODE} is another program (${path}): it is not run.`);
  return (await outputOf(path, ['-p', 'process.versions.node'], false)) === PINNED_NODE ? path : undefined;
}

/** The last line; undefined when the command fails or is not there. */
async function outputOf(command, args, shell) {
  try {
    const { code, output } = await run(command, args, { cwd: ROOT, shell, stdio: ['ignore', 'pipe', 'ignore'] });
    return code === 0 ? output.trim().split('\n').pop() : undefined;
  } catch {
    return undefined;
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// --- npm ---

async function runNpm(args) {
  const [npm, first, shell] = npmCommand();
  try {
    return await run(npm, [...first, ...args], { cwd: ROOT, shell, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch {
    throw new Refused(
      'npm is needed to install the packages, and it is not on the PATH: install it with Node (https://nodejs.org).',
    );
  }
}

/** The npm that runs this script, or the one on the PATH: command, first arguments, whether a shell must find it. */
function npmCommand() {
  const path = process.env.npm_execpath;
  if (path?.endsWith('npm-cli.js')) return [process.execPath, [path], false];
  return ['npm', [], process.platform === 'win32'];
}

// --- files ---

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** For what only saves time the next time: a read-only folder is no reason to stop. */
function writeIfPossible(path, text) {
  try {
    writeFileSync(path, `${text}\n`);
  } catch {
    // Then the same is found out again.
  }
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

async function main() {
  const args = process.argv.slice(2);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  stopWhenNpmIsGone();
  try {
    const [found, installed] = await Promise.allSettled([findNode(), installIfNeeded(!args.includes(SERVICE))]);
    if (stopSignal !== undefined) return 128 + osConstants.signals[stopSignal];
    if (installed.status === 'rejected') throw installed.reason;
    if (found.status === 'rejected') throw found.reason;
    if (WITH_DASHBOARD.some((program) => args.includes(program))) await buildDashboard();
    const node = found.value;
    if (node !== process.execPath && node !== readIfThere(NODE_PATH_CACHE)) writeIfPossible(NODE_PATH_CACHE, node);
    if (args.includes('--watch')) {
      say(
        `Watching ${args.at(-1)} and every module it imports: a change restarts it. SQL, Lua and the dashboard are not watched.`,
      );
    }
    const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env };
    // The channel tells the program at once when this process is gone, however it ended.
    return (await run(node, args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })).code;
  } catch (error) {
    say(error instanceof Refused ? error.message : `${args[0]} could not be started: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main();
process.exit();
