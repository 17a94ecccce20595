/** Erases events permanently, by id or by rule. */

export { Eraser } from './eraser.ts';
export { ErasureService } from './erasure-service.ts';
