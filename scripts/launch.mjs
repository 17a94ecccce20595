/**
 * Runs a program of this repository under Node ≥ 24, whatever Node started it: `node scripts/launch.mjs FILE ARGS…`.
 * Every npm script goes through here, so that a bare clone on a machine with Node 20 works:
 *
 * 1. installs the packages when they are missing or not those of package-lock.json,
 * 2. finds a Node ≥ 24: this one, the one found last time, or one fetched by npm,
 * 3. runs the program under it, hands on signals and the exit code, and stops it when npm is gone.
 *
 * `npm start` says `exec node …`: between npm and this process stands no shell then, which would keep SIGTERM to itself
 * and turn a Ctrl-C that drained and ended with 0 into a death by SIGINT.
 *
 * Plain JavaScript without packages: it runs before there are any, and on old Nodes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_NODE_MAJOR = 24;
/** Node by npm, without an install script. Elsewhere the package `node` brings it, with one. */
const NODE_PACKAGES = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'win-x64']);
const PARENT_CHECK_MS = 250;
const LOCK_CHECK_MS = 200;
/** Who made a lock file writes its pid at once; one that stays empty for this long belongs to nobody. */
const EMPTY_LOCK_MS = 10_000;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const LOCK_FILE = join(ROOT, 'package-lock.json');
const NODE_MODULES = join(ROOT, 'node_modules');
/** What was installed last: the SHA-256 of package-lock.json. */
const INSTALLED_STAMP = join(NODE_MODULES, '.triggers-lock');
const NODE_PATH_CACHE = join(NODE_MODULES, '.triggers-node');
/** Compiled code, types stripped: measured, it takes a third off a start. */
const COMPILE_CACHE = join(NODE_MODULES, '.cache', 'compile');
const INSTALL_LOCK = join(ROOT, '.install-lock');

/** The process that runs now (npm, then the program), for signals. */
let running;
let stopSignal;

class Refused extends Error {}

/** Runs `command` to its end. Resolves with its exit code, 128 + n after signal n. */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    running = spawn(command, args, options);
    running.on('error', reject);
    running.on('exit', (code, signal) => {
      running = undefined;
      resolve(code === null ? 128 + osConstants.signals[signal] : code);
    });
  });
}

function stop(signal) {
  stopSignal = signal;
  running?.kill(signal);
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

async function installIfNeeded() {
  if (isInstalled()) return;
  await holdInstallLock();
  try {
    if (!isInstalled()) await install();
  } finally {
    rmSync(INSTALL_LOCK, { force: true });
  }
}

function isInstalled() {
  const lock = readFileSync(LOCK_FILE);
  const hash = createHash('sha256').update(lock).digest('hex');
  if (readIfThere(INSTALLED_STAMP) === hash) return true;
  if (!hasEveryPackage(lock)) return false;
  writeIfPossible(INSTALLED_STAMP, hash);
  return true;
}

/** For who ran `npm ci` or `npm install` by hand: npm notes in a lock file of its own what it put there. */
function hasEveryPackage(lock) {
  const noted = readIfThere(join(NODE_MODULES, '.package-lock.json'));
  if (noted === undefined) return false;
  const there = JSON.parse(noted).packages;
  return Object.entries(JSON.parse(lock.toString()).packages).every(
    ([path, wanted]) => path === '' || wanted.optional || there[path]?.version === wanted.version,
  );
}

async function install() {
  const since = Date.now();
  say('Installing the packages (only when they change)…');
  // The development packages too, whatever NODE_ENV says: one state of node_modules for all scripts.
  // `install --no-save` and not `ci`: it takes the same versions from package-lock.json, but changes only what differs, so
  // that a service which runs from this folder keeps its files.
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = await runNpm(args, { cwd: ROOT, stdio: 'inherit' });
  if (stopSignal !== undefined) return;
  if (code !== 0) {
    throw new Refused(
      'The packages could not be installed: see what npm says above. Is the package registry reachable?',
    );
  }
  writeIfPossible(INSTALLED_STAMP, createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex'));
  say(`Installed in ${((Date.now() - since) / 1000).toFixed(0)} s.`);
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

// --- Node ---

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE_MAJOR) return process.execPath;
  const cached = readIfThere(NODE_PATH_CACHE);
  if (cached !== undefined && isExecutable(cached)) return cached;
  say(`Node ${NEEDED_NODE_MAJOR} is needed and this is ${process.versions.node}: npm fetches it (5 to 10 s, once)…`);
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const path = (NODE_PACKAGES.has(platform) && fetchNode(`node-${platform}`)) || fetchNode('node');
  if (path === undefined) {
    throw new Refused(
      `npm could not fetch Node ${NEEDED_NODE_MAJOR}. Install Node ${NEEDED_NODE_MAJOR} or later (https://nodejs.org), or make the package registry reachable, and start again.`,
    );
  }
  writeIfPossible(NODE_PATH_CACHE, path);
  return path;
}

function fetchNode(name) {
  const [npm, first, shell] = npmCommand();
  const args = ['exec', '--yes', '--ignore-scripts=false', `--package=${name}@${NEEDED_NODE_MAJOR}`, '--'];
  const found = spawnSync(npm, [...first, ...args, 'node', '-p', 'process.execPath'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const path = found.status === 0 ? found.stdout.trim().split('\n').pop() : undefined;
  if (path === undefined || !isExecutable(path)) return undefined;
  const version = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return Number.parseInt(version.stdout, 10) >= NEEDED_NODE_MAJOR ? path : undefined;
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

async function runNpm(args, options) {
  const [npm, first, shell] = npmCommand();
  try {
    return await run(npm, [...first, ...args], { ...options, shell });
  } catch {
    throw new Refused('npm is needed to install the packages, and it is not on the PATH.');
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
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
  stopWhenNpmIsGone();
  try {
    await installIfNeeded();
    const node = stopSignal === undefined ? findNode() : undefined;
    if (stopSignal !== undefined) return 128 + osConstants.signals[stopSignal];
    // The channel tells the program at once when this process is gone, however it ended.
    const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env };
    return await run(node, process.argv.slice(2), { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  } catch (error) {
    if (error instanceof Refused) say(error.message);
    else say(`${process.argv[2]} could not be started: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main();
process.exit();
