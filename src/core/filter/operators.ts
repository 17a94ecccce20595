import { isExactNumber } from '../json/exact-json.ts';
import type { Budget } from './budget.ts';
import { isEqual, orderOfNumbers, ValueSet } from './equality.ts';
import { contains, orderOfTexts } from './texts.ts';

/** Tests one value against an operator's operand. */
export type Test = (value: unknown, budget: Budget) => boolean;

type OperandKind = 'any' | 'scalar' | 'order' | 'text' | 'list';

export interface Operator {
  readonly operand: OperandKind;
  /** `any`: one value at the path must pass; `all`: every value must pass, or there is none. */
  readonly quantifier: 'any' | 'all';
  /** @param operand must be of the declared kind */
  readonly test: (operand: unknown) => Test;
}

/** Compares numbers with numbers and texts with texts only. */
function order(fits: (order: number) => boolean): Operator {
  const test =
    (operand: unknown): Test =>
    (value, budget) => {
      if (!budget.spend()) return false;
      if (typeof value === 'string' && typeof operand === 'string') return fits(orderOfTexts(value, operand));
      if (!isExactNumber(value) || !isExactNumber(operand)) return false;
      const found = orderOfNumbers(value, operand, budget);
      return found !== undefined && fits(found);
    };
  return { operand: 'order', quantifier: 'any', test };
}

function text(fits: (text: string, operand: string) => boolean): Operator {
  const test =
    (operand: unknown): Test =>
    (value, budget) =>
      budget.spend() && typeof value === 'string' && typeof operand === 'string' && fits(value, operand);
  return { operand: 'text', quantifier: 'any', test };
}

const startsWith = text((whole, start) => whole.startsWith(start));
const endsWith = text((whole, end) => whole.endsWith(end));

function isOneOf(operand: unknown): Test {
  const values = new ValueSet(operand as unknown[]);
  return (value, budget) => values.has(value, budget);
}

/** A text within a text, or a scalar among a list's items. */
function containing(operand: unknown): Test {
  if (typeof operand === 'string')
    return (value, budget) => typeof value === 'string' && contains(value, operand, budget);
  return (value, budget) => Array.isArray(value) && value.some((item) => isEqual(item, operand, budget));
}

/** Operators, named as in MongoDB and Outpost. No regular expressions, no code. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['$eq', { operand: 'any', quantifier: 'any', test: (operand) => (value, budget) => isEqual(value, operand, budget) }],
  [
    '$ne',
    { operand: 'any', quantifier: 'all', test: (operand) => (value, budget) => !isEqual(value, operand, budget) },
  ],
  ['$gt', order((by) => by > 0)],
  ['$gte', order((by) => by >= 0)],
  ['$lt', order((by) => by < 0)],
  ['$lte', order((by) => by <= 0)],
  ['$in', { operand: 'list', quantifier: 'any', test: isOneOf }],
  ['$nin', { operand: 'list', quantifier: 'all', test: (operand) => not(isOneOf(operand)) }],
  ['$startsWith', startsWith],
  ['$prefix', startsWith],
  ['$endsWith', endsWith],
  ['$suffix', endsWith],
  ['$contains', { operand: 'scalar', quantifier: 'any', test: containing }],
]);

function not(test: Test): Test {
  return (value, budget) => !test(value, budget);
}
