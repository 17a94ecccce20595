import { type EventId, isUuid } from '../core/ids.ts';

/** Ids that a client names, each once. */
interface NamedIds {
  readonly ids: EventId[];
  /** No UUIDs, so nobody's: no store is asked for them, which might not give back what it was asked. */
  readonly strange: EventId[];
}

export function sortIds(named: readonly string[]): NamedIds {
  const sorted: NamedIds = { ids: [], strange: [] };
  for (const id of new Set(named)) (isUuid(id) ? sorted.ids : sorted.strange).push(id as EventId);
  return sorted;
}
