import { compareNumbers, isExactNumber } from '../exact-json.ts';

/** What a value is compared with, and how. */
export type Test = (value: unknown) => boolean;

/** Two JSON values, numbers by their exact value, objects whatever the order of their keys. */
function isEqual(a: unknown, b: unknown): boolean {
  if (isExactNumber(a) || isExactNumber(b)) return isExactNumber(a) && isExactNumber(b) && compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => isEqual(item, b[at]));
  }
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  if (left.size !== right.size) return false;
  return [...left].every(([key, value]) => right.has(key) && isEqual(value, right.get(key)));
}

/** Only numbers with numbers and texts with texts; texts by their UTF-16 code units. */
function compared(operand: unknown, fits: (order: number) => boolean): Test {
  return (value) => {
    if (isExactNumber(value) && isExactNumber(operand)) return fits(compareNumbers(value, operand));
    if (typeof value !== 'string' || typeof operand !== 'string') return false;
    return fits(value < operand ? -1 : value > operand ? 1 : 0);
  };
}

function ofText(operand: unknown, fits: (text: string, operand: string) => boolean): Test {
  return (value) => typeof value === 'string' && typeof operand === 'string' && fits(value, operand);
}

type OperandKind = 'any' | 'order' | 'text' | 'list' | 'flag';

export interface Operator {
  readonly operand: OperandKind;
  /** True when one of the values at the path passes; `all`: when every one does, or there is none. */
  readonly quantifier: 'any' | 'all';
  readonly test: (operand: unknown) => Test;
}

const startsWith: Operator = {
  operand: 'text',
  quantifier: 'any',
  test: (operand) => ofText(operand, (text, start) => text.startsWith(start)),
};
const endsWith: Operator = {
  operand: 'text',
  quantifier: 'any',
  test: (operand) => ofText(operand, (text, end) => text.endsWith(end)),
};

function order(fits: (order: number) => boolean): Operator {
  return { operand: 'order', quantifier: 'any', test: (operand) => compared(operand, fits) };
}

/** The names people know from MongoDB and Outpost. No regular expressions, no code. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['$eq', { operand: 'any', quantifier: 'any', test: (operand) => (value) => isEqual(value, operand) }],
  ['$ne', { operand: 'any', quantifier: 'all', test: (operand) => (value) => !isEqual(value, operand) }],
  ['$gt', order((by) => by > 0)],
  ['$gte', order((by) => by >= 0)],
  ['$lt', order((by) => by < 0)],
  ['$lte', order((by) => by <= 0)],
  [
    '$in',
    {
      operand: 'list',
      quantifier: 'any',
      test: (operand) => (value) => (operand as unknown[]).some((one) => isEqual(value, one)),
    },
  ],
  [
    '$nin',
    {
      operand: 'list',
      quantifier: 'all',
      test: (operand) => (value) => !(operand as unknown[]).some((one) => isEqual(value, one)),
    },
  ],
  ['$startsWith', startsWith],
  ['$prefix', startsWith],
  ['$endsWith', endsWith],
  ['$suffix', endsWith],
  [
    '$contains',
    { operand: 'text', quantifier: 'any', test: (operand) => ofText(operand, (text, part) => text.includes(part)) },
  ],
]);
