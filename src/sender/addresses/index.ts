/** From a URL to addresses that may be reached: name resolution, `resolv.conf`, blocked networks and ports. */

export { AddressGuard } from './address-guard.ts';
export { DEFAULT_BLOCKED_PORTS } from './blocked-ports.ts';
export { Networks } from './networks.ts';
export { createResolve, type Resolve } from './resolve.ts';
export { parseTarget, type Target, type TargetRules, type TargetVerdict } from './target.ts';
