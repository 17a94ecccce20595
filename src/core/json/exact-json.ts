/** A number that a double cannot represent exactly, as its text (JSON.rawJSON: ECMAScript, source text access). */
export interface RawNumber {
  readonly rawJSON: string;
}

/** TypeScript does not declare these yet. */
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
 * A text without a match has only numbers that a double represents exactly. Matches numbers with 16 digits or an
 * exponent, only where a number may begin: UUIDs in strings look like exponents, and exact parsing takes ten times as
 * long.
 */
const MAY_BE_INEXACT = /(?:^|[\s:,[])-?(?:\d[\d.]{15}|[\d.]+[eE])/;

/**
 * Parses JSON without changing a number: a number that a double cannot hold becomes a `RawNumber`, which
 * `JSON.stringify` prints as it was. @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!MAY_BE_INEXACT.test(text)) return JSON.parse(text);
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isExact(source) ? exact.rawJSON(source) : value,
  );
}

/** Whether a double's shortest text is this number: at most 15 digits and no extreme exponent. */
function isExact(source: string): boolean {
  const { digits, magnitude } = decimalOf(source);
  return digits.length <= 15 && Math.abs(magnitude) < 300;
}

interface Decimal {
  readonly negative: boolean;
  /** Digits without leading or trailing zeros; empty = 0. */
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

/** Not a regular expression, which would take quadratic time. */
function withoutEndingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

export type ExactNumber = number | RawNumber;

export function isExactNumber(value: unknown): value is ExactNumber {
  return typeof value === 'number' || isRawNumber(value);
}

/** Compares two numbers by their exact value, however large or long. @returns below 0, 0 or above */
export function compareNumbers(a: ExactNumber, b: ExactNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareDecimals(decimalOf(textOf(a)), decimalOf(textOf(b)));
}

/** Returns a key that is equal for equal numbers. */
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
  // With equal magnitudes the digits decide; of two with the same beginning the longer is larger.
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -sign : sign;
}

function signOf({ digits, negative }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}
