/** The one writer: closures grouped into transactions, answered when the disk has them. */
export { CommittedState } from './committed-state.ts';
export { WriteEffects } from './write-effects.ts';
export { WriteQueue } from './write-queue.ts';
export { pause, yieldToLoop } from './yield-to-loop.ts';
