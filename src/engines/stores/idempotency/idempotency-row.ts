import { numberOrNull, type Row, text } from '../../rows/row.ts';

/** What a key that is taken says to whoever comes with it. */
export function beginOutcome(row: Row, fingerprint: string) {
  if (text(row, 'fingerprint') !== fingerprint) return { kind: 'other' } as const;
  const status = numberOrNull(row, 'status');
  return status === null
    ? ({ kind: 'running' } as const)
    : ({ kind: 'done', answer: { status, sealed: text<string>(row, 'answer') } } as const);
}
