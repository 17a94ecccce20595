/** A number that a double can't hold exactly, as its digits stand in the text (JSON.rawJSON: ECMAScript, source text access). */
export interface RawNumber {
  readonly rawJSON: string;
}

/** TypeScript's own declarations don't know these yet. */
const exact = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
};

const isRawNumber = exact.isRawJSON;

/**
 * Texts without these have no number that a double changes: one of 16 digits, on whichever side of the point, or with an
 * exponent. Only where a number may begin, as UUIDs in texts look like exponents, and the long way takes ten times as long.
 */
const MAY_BE_INEXACT = /(?:^|[\s:,[])-?(?:\d[\d.]{15}|[\d.]+[eE])/;

/**
 * Reads JSON without changing a number: one that a double can't hold becomes a `RawNumber`, which `JSON.stringify` prints
 * as it was. Throws SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isExact(source) ? exact.rawJSON(source) : value,
  );
}

/** Of at most 15 digits, and no extreme exponent: the double's shortest text is this very number. */
function isExact(source: string): boolean {
  const { digits, magnitude } = decimalOf(source);
  return digits.length <= 15 && Math.abs(magnitude) < 300;
}

interface Decimal {
  readonly negative: boolean;
  /** Without zeros at either end; empty = 0. */
  readonly digits: string;
  /** The value is ± 0.digits × 10^magnitude. */
  readonly magnitude: number;
}

function decimalOf(source: string): Decimal {
  const negative = source.startsWith('-');
  const [mantissa = '', exponent = '0'] = source.slice(negative ? 1 : 0).split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const leading = /^0*/.exec(all)?.[0].length ?? 0;
  const digits = withoutEndingZeros(all.slice(leading));
  if (digits === '') return { negative: false, digits, magnitude: 0 };
  return { negative, digits, magnitude: whole.length - leading + Number(exponent) };
}

/** No regular expression: one that looks for zeros before the end takes quadratic time. */
function withoutEndingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

export type ExactNumber = number | RawNumber;

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'number' || isRawNumber(value);
}

/** Below 0, 0 or above: by their value as written, however large or long. */
export function compareNumbers(a: ExactNumber, b: ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareDecimals(decimalOf(textOf(a)), decimalOf(textOf(b)));
}

/** The same for two numbers exactly when they are equal. */
export function numberKey(number: ExactNumber): string {
  const { negative, digits, magnitude } = decimalOf(textOf(number));
  return `${negative ? '-' : ''}${digits}e${magnitude}`;
}

function textOf(value: ExactNumber): string {
  return typeof value === 'number' ? String(value) : value.rawJSON;
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return signOf(a) - signOf(b);
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const sign = a.negative ? -1 : 1;
  if (a.magnitude !== b.magnitude) return a.magnitude < b.magnitude ? -sign : sign;
  // Of the same magnitude the digits decide, the longer one where it goes on.
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -sign : sign;
}

function signOf({ digits, negative }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}
