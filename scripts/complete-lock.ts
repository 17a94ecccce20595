import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Adds to package-lock.json the packages of other platforms that npm left out because the registry at hand does not carry
 * them: `npm ci` refuses a lock file without them, everywhere. They get the version that their parent pins and the
 * platform that their name tells, and no checksum. That has to be added where a registry carries them (remove the entries, run
 * `npm install --package-lock-only`): test/house/lock-file.test.ts asks for one of every package.
 */

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

function entryFor(name: string, version: string, parent: Entry): Entry {
  const words = name.split('/').at(-1)?.split('-') ?? [];
  const os = words.filter((word) => SYSTEMS.includes(word));
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name} does not tell its platform: add it by hand.`);
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  const tellsLibc = os[0] === 'linux' && words.some((word) => /^(musl|gnu)/.test(word));
  return {
    version,
    cpu,
    ...(parent.dev === true ? { dev: true } : {}),
    ...(tellsLibc ? { libc: [libc] } : {}),
    optional: true,
    os,
  };
}

function main(): void {
  const path = join(import.meta.dirname, '../package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Entry> };
  const { '': root = {}, ...packages } = lock.packages;
  for (const parent of Object.values(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const place = `node_modules/${name}`;
      if (packages[place]?.version !== undefined) continue;
      packages[place] = entryFor(name, version, parent);
      process.stdout.write(`added ${name} ${version}\n`);
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(
    path,
    `${JSON.stringify({ ...lock, packages: { '': root, ...Object.fromEntries(sorted) } }, null, 2)}\n`,
  );
}

main();
