/** While it starts it answers only itself; while it stops it answers what is under way. */
export type ServicePhase = 'starting' | 'ready' | 'stopping';
