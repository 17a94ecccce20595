import type { Inbox } from '../../../core/administration/inbox.ts';
import type { TypeMatcher } from '../../../core/type-matching/type-matcher.ts';

/** `passed`: the inbox wants it, this lease does not. */
type Kind = 'wanted' | 'passed' | 'unwanted';

/**
 * What a lease does with the types that it meets. A step of it, within a transaction, matches no patterns: it asks `kindOf`,
 * ends before a type that nobody has matched yet, and goes on after `learn`, outside of the transaction.
 */
export class LeaseTypes {
  readonly #matcher: TypeMatcher;
  readonly #inbox: Inbox;
  readonly #eventTypes: readonly string[];
  readonly #inInbox: (type: string) => boolean | undefined;
  readonly #inLease: (type: string) => boolean | undefined;
  /** What was learned last. Kept here, or a lease would not get on where it is forgotten at once. */
  #learned = new Map<string, Kind>();

  constructor(matcher: TypeMatcher, inbox: Inbox, eventTypes: readonly string[]) {
    this.#matcher = matcher;
    this.#inbox = inbox;
    this.#eventTypes = eventTypes;
    this.#inInbox = matcher.known(inbox.organizationId, inbox.eventTypes);
    this.#inLease = matcher.known(inbox.organizationId, eventTypes);
  }

  /** @returns undefined when it is to be learned */
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
