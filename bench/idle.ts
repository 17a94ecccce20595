import { readFileSync } from 'node:fs';
import { ROLES } from '../src/app/roles.ts';
import { numbersOf } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/** What a process of each role costs while nothing happens: CPU (target ≤ 1 %) and memory. */
const [SECONDS = 20] = numbersOf(process.argv.slice(2));
/** `getconf CLK_TCK`, on every Linux. */
const TICKS_A_SECOND = 100;

const servers = await Servers.start();
try {
  const running = [];
  for (const role of ROLES) running.push({ role, pid: (await servers.run(role)).pid });
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = running.map(({ pid }) => ticks(pid));
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  running.forEach(({ role, pid }, at) => {
    const share = ((ticks(pid) - (before[at] ?? 0)) / TICKS_A_SECOND / SECONDS) * 100;
    console.log(`${role.padEnd(10)} ${share.toFixed(2).padStart(6)} % of a core  ${rss(pid)} MB`);
  });
} finally {
  await servers.stop();
}

/** User and system time (proc(5), fields 14 and 15). */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function rss(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);
}
