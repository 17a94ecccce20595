/** `starting`: only health requests are answered; `stopping`: only running requests are answered. */
export type ServicePhase = 'starting' | 'ready' | 'stopping';
