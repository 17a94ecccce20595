import type { Inbox } from '../../../core/administration/inbox.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';

/** `passed`: the inbox wants the type, this lease does not. */
type Kind = 'wanted' | 'passed' | 'unwanted';

/**
 * What a lease does with each type it meets. Within a transaction no patterns are matched: a step asks `kindOf`, stops
 * before an unmatched type, and continues after `learn`, which runs outside of the transaction.
 */
export class LeaseTypes {
  readonly #matcher: TypeMatcher;
  readonly #inbox: Inbox;
  readonly #eventTypes: readonly string[];
  readonly #inInbox: (type: string) => boolean | undefined;
  readonly #inLease: (type: string) => boolean | undefined;
  /** The results of the last `learn`. Kept here, because the shared cache may evict them at once. */
  #learned = new Map<string, Kind>();

  constructor(matcher: TypeMatcher, inbox: Inbox, eventTypes: readonly string[]) {
    this.#matcher = matcher;
    this.#inbox = inbox;
    this.#eventTypes = eventTypes;
    this.#inInbox = matcher.known(inbox.organizationId, inbox.eventTypes);
    this.#inLease = matcher.known(inbox.organizationId, eventTypes);
  }

  /** @returns undefined when the type must be matched first (`learn`) */
  kindOf(type: string): Kind | undefined {
    const learned = this.#learned.get(type);
    if (learned !== undefined) return learned;
    const inInbox = this.#inInbox(type);
    if (inInbox !== true) return inInbox === false ? 'unwanted' : undefined;
    const inLease = this.#inLease(type);
    if (inLease === undefined) return undefined;
    return inLease ? 'wanted' : 'passed';
  }

  async learn(types: readonly string[]): Promise<void> {
    const { organizationId, eventTypes } = this.#inbox;
    const inInbox = await this.#matcher.match(organizationId, eventTypes, types);
    const wanted = types.filter((type) => inInbox.get(type));
    const inLease = await this.#matcher.match(organizationId, this.#eventTypes, wanted);
    this.#learned = new Map(
      types.map((type) => {
        if (!inInbox.get(type)) return [type, 'unwanted'];
        return [type, inLease.get(type) === true ? 'wanted' : 'passed'];
      }),
    );
  }
}
