/** The one writer: writes grouped into transactions, answered when they are on disk. */
export { CommittedState } from './committed-state.ts';
export { WriteEffects } from './write-effects.ts';
export { WriteQueue } from './write-queue.ts';
export { pause, yieldToLoop } from './yield-to-loop.ts';
