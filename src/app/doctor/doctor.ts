import type { Clock } from '../../ports/clock.ts';
import type { Finding } from '../../ports/finding.ts';
import { inspectParts } from '../open-engine.ts';
import { type Environment, readSettings, SETTINGS } from '../settings/index.ts';
import { checkDisk } from './disk.ts';
import { checkNode } from './node.ts';
import { checkOpenFiles } from './open-files.ts';
import { checkPort } from './port.ts';
import { checkSpace } from './space.ts';

/** Runs all checks of an installation, in the order in which an operator would fix them. It changes nothing. */
export async function examine(env: Environment, clock: Clock): Promise<readonly Finding[]> {
  const settings = readSettings(env);
  if ('problems' in settings) {
    return [
      checkNode(),
      ...settings.problems.map((text): Finding => ({ level: 'failed', about: 'Settings', text })),
      {
        level: 'warning',
        about: 'Settings',
        text: 'The other checks need valid settings: fix these first.',
      },
      ...(await portAlone(env)),
    ];
  }
  const { dataDir } = settings;
  return [
    checkNode(),
    { level: 'ok', about: 'Settings', text: 'All settings are valid.' },
    ...(await inspectParts(settings, clock)),
    ...(settings.servers === null ? [await checkDisk(dataDir, clock), await checkSpace(dataDir)] : []),
    checkOpenFiles(),
    await checkPort(settings),
  ];
}

/** The check of the port does not need the other settings. */
async function portAlone(env: Environment): Promise<Finding[]> {
  const host = SETTINGS.HOST.read(env['HOST']?.trim() || SETTINGS.HOST.fallback || '');
  const port = SETTINGS.PORT.read(env['PORT']?.trim() || SETTINGS.PORT.fallback || '');
  return host === undefined || port === undefined ? [] : [await checkPort({ host, port })];
}
