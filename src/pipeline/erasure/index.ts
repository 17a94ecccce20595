/** Erases events for good, by id or by rule. */

export { Eraser } from './eraser.ts';
export { ErasureStation } from './erasure-service.ts';
