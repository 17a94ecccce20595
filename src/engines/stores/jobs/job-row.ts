import type { Job, RetryParameters } from '../../../core/delivery/job.ts';
import { withExactFilter } from '../../rows/exact-filter.ts';
import { number, type Row, text, textOrNull } from '../../rows/row.ts';

const NOTHING: RetryParameters = { statuses: [], endpointId: null, type: null, from: null, to: null };

/** A job whose parameters cannot be read does nothing and has an `error`: the runner ends it as failed, and no other job. */
export function jobFromRow(row: Row): Job {
  const state = {
    id: text<Job['id']>(row, 'id'),
    organizationId: text<Job['organizationId']>(row, 'organization_id'),
    status: text<Job['status']>(row, 'status'),
    place: textOrNull(row, 'place'),
    lookedAt: number<number>(row, 'looked_at'),
    made: number<number>(row, 'made'),
    error: textOrNull(row, 'error'),
    createdAt: number<Job['createdAt']>(row, 'created_at'),
    updatedAt: number<Job['updatedAt']>(row, 'updated_at'),
  };
  try {
    // Of its kind, as it was written.
    const parameters = withExactFilter<RetryParameters & { readonly filter?: unknown }>(text(row, 'parameters'));
    return { ...state, kind: text<'retry'>(row, 'kind'), parameters };
  } catch {
    return { ...state, kind: 'retry', parameters: NOTHING, error: 'The parameters of this job cannot be read.' };
  }
}
