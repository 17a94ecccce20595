import type { AcceptedEvent } from '../events/event.ts';
import { isExactNumber, parseExactJson } from '../json/exact-json.ts';
import type { FieldError } from '../problem.ts';
import { toIso } from '../time.ts';
import { Budget } from './budget.ts';
import { OPERATORS, type Operator, type Test } from './operators.ts';
import { valuesAt } from './values.ts';

/** A filter on an event's content, as the client wrote it. */
export type EventFilter = Readonly<Record<string, unknown>>;

const MAX_CONDITIONS = 100;
const MAX_DEPTH = 8;
const MAX_LIST = 200;
const MAX_TEXT = 1_024;
const MAX_PATH_SEGMENTS = 32;
/** Errors reported at once: 64 KiB of errors made an answer of 2 MB. */
const MAX_ERRORS = 20;
const ROOTS = new Set(['id', 'type', 'timestamp', 'data']);

/** An event as a filter sees it. */
interface EventDocument {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: unknown;
}

type Condition = (document: EventDocument, budget: Budget) => boolean;

/** Checks a filter. @returns the errors; empty = valid. @param at the path of the field that holds the filter */
export function checkFilter(filter: unknown, at: string): FieldError[] {
  const compiler = new Compiler();
  compiler.filter(filter, [], at, 1);
  return compiler.errors;
}

/** An event prepared for filters: its data is parsed once for all filters. */
export class FilteredEvent {
  readonly #event: AcceptedEvent;
  #document: EventDocument | undefined;
  #steps = 0;

  constructor(event: AcceptedEvent) {
    this.#event = event;
  }

  /** Cost so far, in steps of a `Budget`; parsing costs about one step per character. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether the filter matches, within its budget of steps; false beyond it. */
  matches(filter: EventFilter): boolean {
    const budget = new Budget();
    const isMatch = compiled(filter)(this.read(), budget);
    this.#steps += budget.spent;
    return isMatch;
  }

  /** @throws SyntaxError for data that is not JSON */
  read(): EventDocument {
    if (this.#document !== undefined) return this.#document;
    const { id, type, createdAt, data } = this.#event;
    this.#steps += data.length;
    this.#document = { id, type, timestamp: toIso(createdAt), data: parseExactJson(data) };
    return this.#document;
  }
}

/** Compiled filters. Stored filters are valid and never change. */
const known = new WeakMap<EventFilter, Condition>();

function compiled(filter: EventFilter): Condition {
  const condition = known.get(filter) ?? new Compiler().filter(filter, [], 'filter', 1);
  known.set(filter, condition);
  return condition;
}

const NEVER: Condition = () => false;

/** Compiles a filter into functions and collects its errors. */
class Compiler {
  readonly errors: FieldError[] = [];
  #conditions = 0;

  /** @param path the path that the filter applies to @param at the filter's own position, for errors */
  filter(filter: unknown, path: readonly string[], at: string, depth: number): Condition {
    if (!isObject(filter)) return this.#wrong(at, 'must be an object');
    if (depth > MAX_DEPTH) return this.#wrong(at, `may have at most ${MAX_DEPTH} levels`);
    const conditions = Object.entries(filter).map(([key, value]) =>
      this.#member(key, value, path, `${at}.${key}`, depth),
    );
    return all(conditions);
  }

  #member(key: string, value: unknown, path: readonly string[], at: string, depth: number): Condition {
    if (key.startsWith('$')) return this.#logic(key, value, path, at, depth);
    const longer = [...path, ...key.split('.')];
    if (longer.some((segment) => segment === '')) return this.#wrong(at, 'must be a path such as data.total');
    if (longer.length > MAX_PATH_SEGMENTS) return this.#wrong(at, `may have at most ${MAX_PATH_SEGMENTS} segments`);
    if (!ROOTS.has(longer[0] ?? '')) return this.#wrong(at, 'must begin with data, type, id or timestamp');
    if (!isObject(value)) return this.#operator('$eq', value, longer, at);
    const keys = Object.keys(value);
    const operators = keys.filter((name) => name.startsWith('$'));
    if (keys.length === 0) return this.#operator('$eq', value, longer, at);
    if (operators.length === 0) return this.filter(value, longer, at, depth + 1);
    if (operators.length < keys.length) return this.#wrong(at, 'mixes operators and fields');
    return all(keys.map((name) => this.#logic(name, value[name], longer, `${at}.${name}`, depth + 1)));
  }

  #logic(key: string, value: unknown, path: readonly string[], at: string, depth: number): Condition {
    if (key === '$not') {
      const condition = this.filter(value, path, at, depth + 1);
      return (document, budget) => !condition(document, budget);
    }
    if (key !== '$and' && key !== '$or' && key !== '$nor') {
      return path.length === 0 ? this.#wrong(at, unknownOperator()) : this.#operator(key, value, path, at);
    }
    if (!Array.isArray(value) || value.length === 0) return this.#wrong(at, 'must be a list of filters');
    const conditions = value.map((one, index) => this.filter(one, path, `${at}.${index}`, depth + 1));
    if (key === '$and') return all(conditions);
    const any: Condition = (document, budget) => conditions.some((condition) => condition(document, budget));
    return key === '$or' ? any : (document, budget) => !any(document, budget);
  }

  #operator(name: string, operand: unknown, path: readonly string[], at: string): Condition {
    if (++this.#conditions > MAX_CONDITIONS) return this.#wrong(at, `may have at most ${MAX_CONDITIONS} conditions`);
    if (name === '$exists') {
      if (typeof operand !== 'boolean') return this.#wrong(at, 'must be true or false');
      return (document, budget) => valuesAt(document, path, budget).length > 0 === operand;
    }
    const operator = OPERATORS.get(name);
    if (operator === undefined) return this.#wrong(at, unknownOperator());
    const wrong = operandError(operator, operand);
    if (wrong !== undefined) return this.#wrong(at, wrong);
    return conditionOf(operator, operator.test(operand), path);
  }

  #wrong(path: string, message: string): Condition {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ path, message });
    return NEVER;
  }
}

function conditionOf({ quantifier }: Operator, test: Test, path: readonly string[]): Condition {
  return (document, budget) => {
    const values = valuesAt(document, path, budget);
    if (budget.isSpent) return false;
    const passes = (value: unknown) => test(value, budget);
    return quantifier === 'any' ? values.some(passes) : values.every(passes);
  };
}

function all(conditions: readonly Condition[]): Condition {
  return (document, budget) => conditions.every((condition) => condition(document, budget)) && !budget.isSpent;
}

function operandError({ operand: kind }: Operator, operand: unknown): string | undefined {
  if (kind === 'text' && typeof operand !== 'string') return 'must be a text';
  if (kind === 'scalar' && (isObject(operand) || Array.isArray(operand)))
    return 'must be a text or another plain value';
  if (kind === 'order' && typeof operand !== 'string' && !isExactNumber(operand)) return 'must be a number or a text';
  if (kind === 'list' && (!Array.isArray(operand) || operand.length > MAX_LIST)) {
    return `must be a list of at most ${MAX_LIST} values`;
  }
  return texts(operand).some((text) => text.length > MAX_TEXT)
    ? `may contain texts of at most ${MAX_TEXT} characters`
    : undefined;
}

function texts(operand: unknown): string[] {
  if (typeof operand === 'string') return [operand];
  return Array.isArray(operand) ? operand.filter((one) => typeof one === 'string') : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}

function unknownOperator(): string {
  return `is not an operator; the operators are ${[...OPERATORS.keys(), '$exists', '$and', '$or', '$nor', '$not'].join(' ')}`;
}
