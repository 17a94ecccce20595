import type { Branded } from '../brand.ts';

/** Valid JSON text, byte for byte as written: stored, compared and delivered without being parsed and printed. */
export type JsonText = Branded<string, 'JsonText'>;

/** Prints a value of the service itself. A client's JSON is cut from its request instead (`scanJson`). */
export function jsonText(value: unknown): JsonText {
  return JSON.stringify(value) as JsonText;
}
