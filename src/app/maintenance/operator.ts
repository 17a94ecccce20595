import type { Engine } from '../../ports/engine.ts';
import { StartRefused } from '../../ports/start-refused.ts';
import { SystemClock } from '../clock.ts';
import { SILENT_LOG } from '../logging/index.ts';
import { openEngine } from '../open-engine.ts';
import { type Environment, environment, readSettings, type Settings } from '../settings/index.ts';

/** Opens the engine for one command of an operator, and closes it again. Throws `StartRefused`. */
export async function withEngine<Result>(
  overrides: Environment,
  act: (engine: Engine, settings: Settings) => Promise<Result>,
): Promise<Result> {
  const settings = readSettings({ ...environment(), ...overrides });
  if ('problems' in settings) throw new StartRefused(settings.problems.join('\n'));
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const { engine } = await openEngine({ settings, log: SILENT_LOG, clock: new SystemClock(), onFatal });
  try {
    return await act(engine, settings);
  } finally {
    await engine.close();
  }
}
