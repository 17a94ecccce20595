import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceProcess } from '../../test/support/service-process.ts';

export interface Running {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export const ENGINES = ['embedded', 'distributed'] as const;
export type EngineName = (typeof ENGINES)[number];

/** `embedded` or `distributed` among the arguments; embedded when neither is. */
export function engineOf(args: readonly string[]): EngineName {
  return ENGINES.find((name) => args.includes(name)) ?? 'embedded';
}

/** The arguments that are numbers, in order. */
export function numbersOf(args: readonly string[]): number[] {
  return args.map(Number).filter((value) => !Number.isNaN(value));
}

/** A floor in a process of its own; it says its address over IPC and ends with its parent. */
export async function startFloor(file: string, args: readonly string[] = []): Promise<Running> {
  const child = fork(join(import.meta.dirname, file), args);
  const [message] = (await once(child, 'message')) as [{ url: string }];
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return { url: message.url, pid: child.pid ?? 0, stop };
}

/** The service as `npm start` runs it, in a process of its own, on a free port and a fresh folder. */
export async function startService(env: Record<string, string> = {}): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-bench-'));
  const service = await ServiceProcess.start({ DATA_DIR: folder, ...env });
  const stop = async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: service.url, pid: service.pid, stop };
}
