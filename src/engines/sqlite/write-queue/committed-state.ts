import type { EndpointId, OrganizationId } from '../../../core/ids.ts';
import { Listeners } from '../../../core/listeners.ts';
import type { AcceptClaimer } from '../../../ports/record/delivery-queue.ts';
import type { QuarantinedMessages } from '../../../ports/store/inbox-store.ts';
import type { WriteEffects } from './write-effects.ts';

/** What is kept in memory about the database, as of the last commit, and who is told of it. */
export class CommittedState {
  /** Deliveries that wait for an attempt or are in one. */
  waiting: number;
  /** Whoever takes new deliveries within the transaction that accepts them. */
  directTaker: AcceptClaimer | undefined;
  readonly due = new Listeners<readonly EndpointId[]>();
  readonly available = new Listeners<OrganizationId>();
  readonly quarantined = new Listeners<QuarantinedMessages>();

  constructor(waiting: number) {
    this.waiting = waiting;
  }

  count(effects: WriteEffects): void {
    this.waiting += effects.waiting;
    effects.startTaken = this.directTaker?.committed(effects.taken, effects.dueEndpoints);
  }

  /** Only of what is on the disk: nobody may act on what a power cut can take back. */
  announce(effects: WriteEffects): void {
    effects.startTaken?.();
    if (effects.dueEndpoints.size > 0) this.due.call([...effects.dueEndpoints]);
    for (const organizationId of effects.availableOrganizations) this.available.call(organizationId);
    for (const messages of effects.quarantined) this.quarantined.call(messages);
  }
}
