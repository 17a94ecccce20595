import type { Finding } from '../../ports/finding.ts';
import { maxOpenFiles } from '../open-files.ts';

/** Attempts use half of the files; 4,000 attempts at most. */
const WANTED = 8_192;

export function checkOpenFiles(limit = maxOpenFiles()): Finding {
  const about = 'Open files';
  if (limit >= WANTED) {
    return { level: 'ok', about, text: limit === Number.MAX_SAFE_INTEGER ? 'No limit.' : `Up to ${limit}.` };
  }
  const text = `Only ${limit}, enough for ${Math.floor(limit / 2)} webhooks at once: raise the limit (ulimit -n ${WANTED}, LimitNOFILE=${WANTED}).`;
  return { level: 'warning', about, text };
}
