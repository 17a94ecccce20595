import { ROLES } from '../src/app/settings/roles.ts';
import { claim } from './support/claims.ts';
import { cpuSeconds, residentMegabytes } from './support/process-cost.ts';
import { engineOf, numbersOf, startService } from './support/processes.ts';
import { Servers } from './support/servers.ts';

/** What a process of each role costs while nothing happens. */
const ENGINE = engineOf(process.argv);
const [SECONDS = 20] = numbersOf(process.argv.slice(2));

const servers = ENGINE === 'distributed' ? await Servers.start() : undefined;
const alone = servers === undefined ? await startService() : undefined;
try {
  const running: { role: string; pid: number }[] = [];
  if (alone !== undefined) running.push({ role: 'serve', pid: alone.pid });
  if (servers !== undefined) for (const role of ROLES) running.push({ role, pid: (await servers.run(role)).pid });
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = running.map(({ pid }) => cpuSeconds(pid));
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  running.forEach(({ role, pid }, at) => {
    const share = ((cpuSeconds(pid) - (before[at] ?? 0)) / SECONDS) * 100;
    claim({ name: `idle CPU of ${role}`, engine: ENGINE, unit: '%', values: [share], bound: { atMost: 1 } });
    claim({
      name: `idle memory of ${role}`,
      engine: ENGINE,
      unit: 'MB',
      values: [residentMegabytes(pid)],
      bound: { atMost: 90 },
    });
  });
} finally {
  await servers?.stop();
  await alone?.stop();
}
