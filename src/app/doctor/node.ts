import type { Finding } from '../../ports/finding.ts';

const OLDEST_NODE = 24;

export function checkNode(version = process.versions.node): Finding {
  return Number.parseInt(version, 10) >= OLDEST_NODE
    ? { level: 'ok', about: 'Node', text: `Version ${version}.` }
    : { level: 'failed', about: 'Node', text: `Version ${version} is too old: install ${OLDEST_NODE} or later.` };
}
