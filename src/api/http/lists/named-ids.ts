import { canonicalId, type EventId, isUuid } from '../../../core/ids.ts';

/** The ids that a client sent, without repetitions. */
interface NamedIds<Id extends string> {
  /** In lower case. */
  readonly ids: Id[];
  /** Ids that are not UUIDs, so nothing has them. They are not looked up in a store, which might change them. */
  readonly strange: Id[];
  /** @returns the ids in the spelling of the client, which searches for what it sent */
  asSent(ids: readonly Id[]): Id[];
}

export function sortIds<Id extends string = EventId>(named: readonly string[]): NamedIds<Id> {
  const sent = new Map<Id, Id>();
  const strange = new Set<Id>();
  for (const id of named) {
    if (!isUuid(id)) strange.add(id as Id);
    else if (!sent.has(canonicalId(id))) sent.set(canonicalId(id), id as Id);
  }
  return {
    ids: [...sent.keys()],
    strange: [...strange],
    asSent: (ids) => ids.map((id) => sent.get(id) ?? id),
  };
}
