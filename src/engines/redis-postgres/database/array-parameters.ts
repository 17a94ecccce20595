/**
 * Columns of many rows as one parameter each, in PostgreSQL's binary form (array_recv), without escaping or parsing. As
 * text, 500 payloads of 10 KB took this process 0.35 s and the server 0.1 s.
 */

/** Type object ids (pg_type.oid). */
const TEXT = 25;
const UUID = 2950;
const INT4 = 23;
const INT8 = 20;

const HEADER_BYTES = 20;
const NULL_LENGTH = -1;

export function textArray(values: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES;
  const lengths = values.map((value) => (value === null ? NULL_LENGTH : Buffer.byteLength(value)));
  for (const length of lengths) size += 4 + Math.max(0, length);
  const array = header(TEXT, values.length, size);
  let at = HEADER_BYTES;
  for (const [index, value] of values.entries()) {
    const length = lengths[index] ?? NULL_LENGTH;
    at = array.writeInt32BE(length, at);
    if (value !== null) at += array.write(value, at, length);
  }
  return array;
}

export function uuidArray(ids: readonly string[]): Buffer {
  const array = header(UUID, ids.length, HEADER_BYTES + ids.length * 20);
  let at = HEADER_BYTES;
  for (const id of ids) {
    at = array.writeInt32BE(16, at);
    // An invalid id would write fewer bytes; callers have checked.
    if (array.write(id.replaceAll('-', ''), at, 'hex') !== 16) throw new TypeError('An id is not a UUID');
    at += 16;
  }
  return array;
}

export function integerArray(values: readonly (number | null)[]): Buffer {
  return numbers(values, { type: INT4, bytes: 4, write: (array, value, at) => array.writeInt32BE(value, at) });
}

export function bigintArray(values: readonly (number | null)[]): Buffer {
  return numbers(values, {
    type: INT8,
    bytes: 8,
    write: (array, value, at) => array.writeBigInt64BE(BigInt(value), at),
  });
}

function numbers(
  values: readonly (number | null)[],
  kind: { type: number; bytes: number; write: (array: Buffer, value: number, at: number) => number },
): Buffer {
  const known = values.reduce<number>((count, value) => (value === null ? count : count + 1), 0);
  const array = header(kind.type, values.length, HEADER_BYTES + values.length * 4 + known * kind.bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? NULL_LENGTH : kind.bytes, at);
    if (value !== null) at = kind.write(array, value, at);
  }
  return array;
}

/** The header of a one-dimensional array with lower bound 1. */
function header(elementType: number, length: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(elementType, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
