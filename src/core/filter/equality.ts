import { compareNumbers, type ExactNumber, isExactNumber, numberKey } from '../json/exact-json.ts';
import type { Budget } from './budget.ts';

/** Digits compared in one step. */
const DIGITS_PER_STEP = 64;

/** Whether two JSON values are equal: numbers by exact value, objects regardless of key order. */
export function isEqual(value: unknown, operand: unknown, budget: Budget): boolean {
  if (!budget.spend()) return false;
  if (isExactNumber(value) || isExactNumber(operand)) {
    return isExactNumber(value) && isExactNumber(operand) && orderOfNumbers(value, operand, budget) === 0;
  }
  if (typeof value !== 'object' || typeof operand !== 'object' || value === null || operand === null) {
    return value === operand;
  }
  if (Array.isArray(value) || Array.isArray(operand)) {
    if (!Array.isArray(value) || !Array.isArray(operand) || value.length !== operand.length) return false;
    return value.every((item, at) => isEqual(item, operand[at], budget));
  }
  return isEqualObject(value as JsonObject, operand as JsonObject, budget);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The operand is small, but the value may have 25,000 members, and counting them took 3 ms. */
function isEqualObject(value: JsonObject, operand: JsonObject, budget: Budget): boolean {
  const keys = Object.keys(operand);
  if (!keys.every((key) => Object.hasOwn(value, key) && isEqual(value[key], operand[key], budget))) return false;
  const count = Object.keys(value).length;
  return budget.spend(count) && count === keys.length;
}

/** Compares two numbers. @returns undefined when the budget is spent */
export function orderOfNumbers(a: ExactNumber, b: ExactNumber, budget: Budget): number | undefined {
  return budget.spend(stepsOf(a) + stepsOf(b)) ? compareNumbers(a, b) : undefined;
}

function stepsOf(number: ExactNumber): number {
  return typeof number === 'number' ? 0 : Math.ceil(number.rawJSON.length / DIGITS_PER_STEP);
}

/** The values of `$in` as a set: a scalar is found in one step, however many values there are. */
export class ValueSet {
  readonly #scalars = new Set<unknown>();
  /** Numbers beyond a double's precision; a plain number never equals one of them. */
  readonly #numberKeys = new Set<string>();
  readonly #composites: unknown[] = [];

  constructor(values: readonly unknown[]) {
    for (const value of values) {
      if (typeof value !== 'object' || value === null) this.#scalars.add(value);
      else if (isExactNumber(value)) this.#numberKeys.add(numberKey(value));
      else this.#composites.push(value);
    }
  }

  has(value: unknown, budget: Budget): boolean {
    if (!budget.spend()) return false;
    if (typeof value !== 'object' || value === null) return this.#scalars.has(value);
    if (isExactNumber(value)) return budget.spend(stepsOf(value)) && this.#numberKeys.has(numberKey(value));
    return this.#composites.some((other) => isEqual(value, other, budget));
  }
}
