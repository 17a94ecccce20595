/** The one writer: closures grouped into transactions, answered when the disk has them. */
export { CommittedState } from './committed-state.ts';
export { othersTurn, pause } from './others-turn.ts';
export { WriteEffects } from './write-effects.ts';
export { WriteQueue } from './write-queue.ts';
