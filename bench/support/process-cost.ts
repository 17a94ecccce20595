import { readdirSync, readFileSync } from 'node:fs';

/** `getconf CLK_TCK`, on every Linux. */
const TICKS_A_SECOND = 100;

/** User and system time of a process so far. */
export function cpuSeconds(pid: number): number {
  const { own } = times(pid);
  return own / TICKS_A_SECOND;
}

/** The same of a process, its children, and those of them that have ended: of a whole PostgreSQL. */
export function cpuSecondsWithChildren(pid: number): number {
  const { own, ofEnded } = times(pid);
  const living = processes().filter((other) => times(other).parent === pid);
  return living.reduce((sum, child) => sum + times(child).own, own + ofEnded) / TICKS_A_SECOND;
}

export function residentMegabytes(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** In ticks: proc(5), fields 4 and 14 to 17. What is gone took nothing. */
function times(pid: number): { parent: number; own: number; ofEnded: number } {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number) ?? [];
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, own: user + system, ofEnded: endedUser + endedSystem };
  } catch {
    return { parent: 0, own: 0, ofEnded: 0 };
  }
}
