import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

/** Servers that tests run against, as Debian packages. */
const PACKAGES = { 'redis-server': 'redis-server', postgres: 'postgresql', chromium: 'chromium' } as const;

type Program = keyof typeof PACKAGES;

/** Where the program is; installs its package when it is missing and we may. */
export function findProgram(program: Program): string {
  const found = look(program);
  if (found !== undefined) return found;
  install(PACKAGES[program]);
  const installed = look(program);
  if (installed === undefined) throw new Error(`Tests need ${program}: install the package ${PACKAGES[program]}.`);
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

function install(name: string): void {
  if (process.getuid?.() !== 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Two test files may want it at once: apt waits for its own lock.
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Get::Lock::Timeout=300'];
  try {
    execFileSync('apt-get', ['update', ...wait], { stdio: 'ignore', env });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...wait, name], { stdio: 'ignore', env });
  } catch {
    // What is missing is said by whoever needs it.
  }
}

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
