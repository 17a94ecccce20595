import { isExactNumber } from '../json/exact-json.ts';
import type { Budget } from './budget.ts';

/**
 * Returns the values at a path. A list on the way stands for each of its items, or for one item if the path segment is
 * a number; a list at the end stands for itself and each of its items (as in MongoDB).
 */
export function valuesAt(root: unknown, path: readonly string[], budget: Budget): unknown[] {
  const walk = new Walk(path, budget);
  walk.from(root, 0);
  return walk.found;
}

class Walk {
  readonly found: unknown[] = [];
  readonly #path: readonly string[];
  readonly #budget: Budget;

  constructor(path: readonly string[], budget: Budget) {
    this.#path = path;
    this.#budget = budget;
  }

  from(value: unknown, at: number): void {
    if (!this.#budget.spend()) return;
    const segment = this.#path[at];
    if (segment === undefined) this.#end(value);
    else if (Array.isArray(value)) this.#list(value, segment, at);
    else if (typeof value === 'object' && value !== null && !isExactNumber(value) && Object.hasOwn(value, segment)) {
      // Own properties only; prototypes are not searched.
      this.from((value as Record<string, unknown>)[segment], at + 1);
    }
  }

  #end(value: unknown): void {
    this.found.push(value);
    if (!Array.isArray(value)) return;
    for (const item of value) {
      if (!this.#budget.spend()) return;
      this.found.push(item);
    }
  }

  #list(list: readonly unknown[], segment: string, at: number): void {
    const item = /^\d{1,9}$/.test(segment) ? list[Number(segment)] : undefined;
    if (item !== undefined) this.from(item, at + 1);
    for (const one of list) if (!Array.isArray(one)) this.from(one, at);
  }
}
