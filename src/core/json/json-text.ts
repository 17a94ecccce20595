import type { Branded } from '../brand.ts';

/** Valid JSON exactly as somebody wrote it: stored, compared and delivered without being parsed and printed again. */
export type JsonText = Branded<string, 'JsonText'>;

/** For values of our own; what a client sent is cut from its request instead (`scanJson`). */
export function jsonText(value: unknown): JsonText {
  return JSON.stringify(value) as JsonText;
}
