import type { OrganizationId } from '../../../core/ids.ts';
import type { Milliseconds } from '../../../core/time.ts';
import type { SteppedWrite, Write } from './transactions.ts';

/** For writes of many rows in one group: after this no other of them is begun. */
const LONG_BUDGET_MS: Milliseconds = 2;

/**
 * Writes that wait for a transaction. Short ones are served in the order in which they came. Those that may be long (a lease,
 * a release or a retry of a thousand rows takes up to 8 ms) wait beside them, by organization: a group begins them for 2 ms,
 * one of each organization in turn, so that a thousand of one organization delay nobody else's by more than one.
 */
export class PendingWrites {
  #short: (Write | SteppedWrite)[] = [];
  readonly #long = new Map<OrganizationId, Write[]>();
  #longCount = 0;
  /** What the last `group` gave out, in order: a long write of an organization, or (null) a short one. */
  #given: (OrganizationId | null)[] = [];
  /** The last group had no time for a short write: the next begins with them. */
  #shortFirst = false;
  #steppedLast = false;

  get length(): number {
    return this.#short.length + this.#longCount;
  }

  add(write: Write | SteppedWrite): void {
    this.#short.push(write);
  }

  addLong(organizationId: OrganizationId, write: Write): void {
    const waiting = this.#long.get(organizationId);
    if (waiting === undefined) this.#long.set(organizationId, [write]);
    else waiting.push(write);
    this.#longCount++;
  }

  someShort(is: (write: Write | SteppedWrite) => boolean): boolean {
    return this.#short.some(is);
  }

  /** A stepped write whose turn it is: it runs in a transaction of its own. A group goes between two of them. */
  takeStepped(): SteppedWrite | undefined {
    const [first] = this.#short;
    if (first === undefined || !('steps' in first) || (this.#steppedLast && this.#longCount > 0)) return undefined;
    this.#steppedLast = true;
    this.#short.shift();
    return first;
  }

  /** The next group in the order in which it runs, up to a stepped write. `take` must follow it. */
  group(): Iterable<Write> {
    this.#given = [];
    return this.#groupOnes();
  }

  *#groupOnes(): Generator<Write> {
    if (this.#shortFirst) yield* this.#shortOnes();
    yield* this.#longOnes();
    if (!this.#shortFirst) yield* this.#shortOnes();
  }

  *#shortOnes(): Generator<Write> {
    for (const write of this.#short) {
      if ('steps' in write) return;
      this.#given.push(null);
      yield write;
    }
  }

  *#longOnes(): Generator<Write> {
    const startedMs = performance.now();
    for (let round = 0; ; round++) {
      const before = this.#given.length;
      for (const [organizationId, waiting] of this.#long) {
        const write = waiting[round];
        if (write === undefined) continue;
        this.#given.push(organizationId);
        yield write;
        if (performance.now() - startedMs > LONG_BUDGET_MS) return;
      }
      if (this.#given.length === before) return;
    }
  }

  /** Takes the first `count` of the last group off. */
  take(count: number): Write[] {
    // A transaction that could not begin has run none: the first that waits is told.
    if (this.#given.length === 0) this.#given.push(this.#long.keys().next().value ?? null);
    const taken = this.#given.slice(0, count);
    const shortOnes = this.#short.splice(0, taken.filter((owner) => owner === null).length);
    this.#shortFirst = shortOnes.length === 0 && this.#short.length > 0;
    this.#steppedLast = false;
    let at = 0;
    return taken
      .map((owner) => (owner === null ? shortOnes[at++] : this.#takeLong(owner)))
      .filter((write) => write !== undefined && 'run' in write);
  }

  clear(): void {
    this.#short = [];
    this.#long.clear();
    this.#longCount = 0;
  }

  /** Its organization has its next turn after all others. */
  #takeLong(organizationId: OrganizationId): Write | undefined {
    const waiting = this.#long.get(organizationId) ?? [];
    const write = waiting.shift();
    this.#long.delete(organizationId);
    if (waiting.length > 0) this.#long.set(organizationId, waiting);
    if (write !== undefined) this.#longCount--;
    return write;
  }
}
