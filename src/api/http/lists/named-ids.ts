import { canonicalId, type EventId, isUuid } from '../../../core/ids.ts';

/** The ids that a client sent, without repetitions. */
interface NamedIds<Id extends string> {
  /** In lower case. */
  readonly ids: Id[];
  /** No UUIDs, so nobody's: no store is asked for them, which might not give back what it was asked. */
  readonly strange: Id[];
  /** Of them, as the client wrote them: it looks for what it has sent. */
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
