import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

/** Servers that tests run against, as Debian packages. */
const PACKAGES = { 'redis-server': 'redis-server', postgres: 'postgresql', chromium: 'chromium' } as const;

type Program = keyof typeof PACKAGES;

/** Where the program is; installs its package when it is missing and we may. */
export function findProgram(program: Program): string {
  const found = look(program);
  if (found !== undefined) return found;
  const reason = install(PACKAGES[program]);
  const installed = look(program);
  if (installed === undefined) {
    throw new Error(`Tests need ${program}: install the package ${PACKAGES[program]} (${reason}).`);
  }
  return installed;
}

function look(program: Program): string | undefined {
  if (program === 'postgres') {
    const versions = globSync('/usr/lib/postgresql/*/bin/postgres').sort((a, b) => versionIn(b) - versionIn(a));
    if (versions[0] !== undefined) return versions[0];
  }
  const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  const path = stdout.trim();
  return path !== '' && existsSync(path) ? path : undefined;
}

function versionIn(path: string): number {
  return Number(/postgresql\/(\d+)/.exec(path)?.[1] ?? 0);
}

/** @returns why it did not come to it, or how it ended */
function install(name: string): string {
  if (process.getuid?.() !== 0) return 'only root may do so, and this is another user';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  // Two test files may want it at once: apt waits for its own lock.
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Get::Lock::Timeout=300'];
  for (const args of [
    ['update', ...wait],
    ['install', '-y', '--no-install-recommends', ...wait, name],
  ]) {
    const { error, status, stderr } = spawnSync('apt-get', args, { encoding: 'utf8', env });
    if (error !== undefined) return 'there is no apt-get here';
    // Old lists may do: what is missing then is said by the installation.
    if (status !== 0 && args[0] === 'install') return aptReason(stderr);
  }
  return 'apt-get installed it, and it is not where it should be';
}

/** The first thing that apt or dpkg complains of, with what to do where that is known. */
export function aptReason(stderr: string): string {
  const [line = 'apt-get failed and said nothing'] = stderr
    .split('\n')
    .filter((one) => /^(E:|dpkg: error|W: Failed)/.test(one));
  const [, advice = ''] = APT_ADVICE.find(([pattern]) => pattern.test(stderr)) ?? [];
  return `${line.slice(0, 200)}${advice}`;
}

const APT_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/no space left|don't have enough free space/i, ': make room on the disk'],
  [/read-only file system/i, ': the file system is mounted read-only'],
  [/could not get lock|unable to acquire/i, ': another apt holds its lock'],
  [
    /temporary failure resolving|could not resolve|could not connect|connection timed out/i,
    ': the mirror can not be reached',
  ],
  [/unable to locate package|has no installation candidate/i, ': no mirror that is set up has it'],
  [/hash sum mismatch/i, ': the mirror is being changed, try again'],
];

/** PostgreSQL refuses to run as root: the user it runs as then. */
export function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const number = (flag: string) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout || Number.NaN);
    const [uid, gid] = [number('-u'), number('-g')];
    if (Number.isInteger(uid) && uid > 0 && Number.isInteger(gid)) return { uid, gid };
  }
  return undefined;
}
