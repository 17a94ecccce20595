import { createServer } from 'node:net';
import { request } from 'undici';
import type { Finding } from '../../ports/finding.ts';
import type { Settings } from '../settings/index.ts';

const TIMEOUT_MS = 2_000;

/** Checks whether the port is free, used by this service, or used by another program. */
export async function checkPort({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<Finding> {
  const about = 'Port';
  const code = await listenError(host, port);
  if (code === null) return { level: 'ok', about, text: `${host}:${port} is free.` };
  if (code !== 'EADDRINUSE') {
    return { level: 'failed', about, text: `${host}:${port} is not available (${code}): change HOST or PORT.` };
  }
  const version = await ourVersion(host, port);
  return version === null
    ? { level: 'failed', about, text: `${port} is used by another program: stop that program, or choose another PORT.` }
    : { level: 'ok', about, text: `${host}:${port} is used by this service: version ${version} answers there.` };
}

function listenError(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

async function ourVersion(host: string, port: number): Promise<string | null> {
  const reached = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  try {
    const { statusCode, body } = await request(
      `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}/health`,
      {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
    const health: unknown = JSON.parse((await body.text()).slice(0, 1_000));
    if (statusCode !== 200 || typeof health !== 'object' || health === null) return null;
    return 'engine' in health && 'version' in health ? String(health.version).slice(0, 40) : null;
  } catch {
    return null;
  }
}
