import type { OrganizationId } from '../../core/ids.ts';
import type { Inbox } from '../../core/inbox.ts';
import type { InboxStore } from '../../ports/store/inbox-store.ts';

/** To come. */
export class SqliteInboxStore implements InboxStore {
  constructor(_parts: object) {}
  async get(_organizationId: OrganizationId, _name: string): Promise<Inbox | undefined> {
    return undefined;
  }
  list = notYet;
  lease = notYet;
  ack = notYet;
  release = notYet;
  extend = notYet;
  requeue = notYet;
  onAvailable(_listener: (organizationId: OrganizationId) => void): () => void {
    return () => {};
  }
}

async function notYet(): Promise<never> {
  throw new Error('The inbox is not there yet');
}
