import { hash } from 'node:crypto';
import { isUuid, type OrganizationId } from '../../../core/ids.ts';
import { type ProblemError, problemError } from '../answers/index.ts';

const CHECK_BYTES = 8;

/**
 * A position in a list as opaque text: the last id, and a checksum over the id, the organization and the query. The checksum
 * detects a cursor that was changed or belongs to another list. It protects nothing: every query is limited to its organization
 * anyway.
 */
export function encodeCursor(scope: CursorScope, id: string): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([bytes, checksum(scope, id)]).toString('base64url');
}

export interface CursorScope {
  readonly organizationId: OrganizationId;
  /** The list and its filters. */
  readonly query: string;
}

/** @returns the id after which the list continues; null for a missing or empty cursor. Throws the problem `invalid_cursor`. */
export function decodeCursor(scope: CursorScope, cursor: string | undefined): string | null {
  if (cursor === undefined || cursor === '') return null;
  const bytes = Buffer.from(cursor, 'base64url');
  const hex = bytes.toString('hex', 0, 16);
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  const isOurs =
    bytes.length === 16 + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    isUuid(id) &&
    bytes.subarray(16).equals(checksum(scope, id));
  if (!isOurs) throw foreignCursor();
  return id;
}

/** The same for a list that is ordered by a text. */
export function encodeTextCursor(scope: CursorScope, text: string): string {
  return Buffer.concat([checksum(scope, text), Buffer.from(text)]).toString('base64url');
}

export function decodeTextCursor(scope: CursorScope, cursor: string | undefined): string | null {
  if (cursor === undefined || cursor === '') return null;
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString('utf8', CHECK_BYTES);
  const isOurs = bytes.toString('base64url') === cursor && bytes.subarray(0, CHECK_BYTES).equals(checksum(scope, text));
  if (!isOurs) throw foreignCursor();
  return text;
}

function foreignCursor(): ProblemError {
  return problemError('invalid_cursor', 'This cursor belongs to another list or to other filters.');
}

function checksum({ organizationId, query }: CursorScope, id: string): Buffer {
  return hash('sha256', `${organizationId}\n${query}\n${id}`, 'buffer').subarray(0, CHECK_BYTES);
}
