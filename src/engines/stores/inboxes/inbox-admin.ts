import type { Inbox } from '../../../core/administration/inbox.ts';
import { firstIdAt, type InboxId, type OrganizationId } from '../../../core/ids.ts';
import { MAX_INBOXES_PER_ORGANIZATION } from '../../../core/limits.ts';
import type { InboxChange, InboxStore } from '../../../ports/store/inbox-store.ts';
import { inboxFromRow } from '../../rows/inbox-row.ts';
import { number, text } from '../../rows/row.ts';
import type { StatementRunner, TransactionScript } from '../statements/index.ts';

/** Messages removed in one step; some ms. */
const REMOVE_STEP = 1_000;

/** Makes, shows, changes and removes inboxes. Their messages are a hot table: each engine has its own statements there. */
export class SqlInboxAdmin implements Pick<InboxStore, 'get' | 'all' | 'create' | 'update' | 'remove'> {
  readonly #runner: StatementRunner;
  readonly #onChanged: (organizationId: OrganizationId) => void;
  readonly #statements: ReturnType<typeof prepare>;

  /** @param onChanged an inbox was changed or removed: whoever waits at one of the organization looks again */
  constructor(runner: StatementRunner, onChanged: (organizationId: OrganizationId) => void) {
    this.#runner = runner;
    this.#onChanged = onChanged;
    this.#statements = prepare(runner);
  }

  get(organizationId: OrganizationId, name: string): Promise<Inbox | undefined> {
    return canBeName(name) ? this.#statements.get(organizationId, name) : Promise.resolve(undefined);
  }

  all(organizationId: OrganizationId): Promise<Inbox[]> {
    return this.#statements.list(organizationId);
  }

  create(inbox: Inbox): Promise<'created' | 'conflict' | 'full'> {
    return this.#runner.transaction(() => this.#create(inbox));
  }

  *#create(inbox: Inbox): TransactionScript<'created' | 'conflict' | 'full'> {
    const { id, organizationId, name, eventTypes, maxLeases, paused, createdAt } = inbox;
    const { lock, getToWrite, count, add } = this.#statements;
    yield lock(organizationId);
    if ((yield getToWrite(organizationId, name)).length > 0) return 'conflict';
    const [counted] = yield count(organizationId);
    if (number(counted ?? {}, 'inboxes') >= MAX_INBOXES_PER_ORGANIZATION) return 'full';
    const wants = [JSON.stringify(eventTypes), maxLeases, paused ? 1 : 0];
    yield add(id, organizationId, name, ...wants, firstIdAt(createdAt), createdAt);
    return 'created';
  }

  async update(organizationId: OrganizationId, name: string, change: InboxChange): Promise<Inbox | undefined> {
    if (!canBeName(name)) return undefined;
    const inbox = await this.#runner.transaction(() => this.#update(organizationId, name, change));
    if (inbox !== undefined) this.#onChanged(organizationId);
    return inbox;
  }

  /** What is not changed is not written over, even if nobody can read it. */
  *#update(organizationId: OrganizationId, name: string, change: InboxChange): TransactionScript<Inbox | undefined> {
    const { eventTypes, maxLeases, paused } = change;
    const types = eventTypes === undefined ? null : JSON.stringify(eventTypes);
    yield this.#statements.update(organizationId, name, types, maxLeases ?? null, pausedColumn(paused));
    // Read and not returned by the update: SQLite reads a damaged number only so.
    const [row] = yield this.#statements.getToWrite(organizationId, name);
    return row === undefined ? undefined : inboxFromRow(row);
  }

  async remove(organizationId: OrganizationId, name: string): Promise<boolean> {
    if (!canBeName(name)) return false;
    const [row] = await this.#statements.remove(organizationId, name);
    if (row === undefined) return false;
    this.#onChanged(organizationId);
    const id = text<InboxId>(row, 'id');
    while ((await this.#statements.removeMessages(id, REMOVE_STEP)) === REMOVE_STEP);
    return true;
  }
}

/** PostgreSQL takes no NUL in a text, not even to look for it. */
function canBeName(name: string): boolean {
  return !name.includes('\0');
}

function pausedColumn(paused: boolean | undefined): number | null {
  return paused === undefined ? null : Number(paused);
}

function prepare(runner: StatementRunner) {
  return {
    get: runner.one('get-inbox', inboxFromRow),
    list: runner.all('list-inboxes', inboxFromRow),
    lock: runner.statement('lock-inboxes'),
    getToWrite: runner.statement('get-inbox'),
    count: runner.statement('count-inboxes'),
    add: runner.statement('add-inbox'),
    update: runner.statement('update-inbox'),
    remove: runner.write('remove-inbox'),
    removeMessages: runner.change('remove-inbox-messages'),
  };
}
