import {
  type Activity,
  type ActivityKind,
  addDropped,
  type DroppedCounts,
  eventTypeOf,
  NOTHING_DROPPED,
  weightOf,
} from '../../core/events/activity.ts';
import type { AcceptedEvent } from '../../core/events/event.ts';
import { wantsEventType } from '../../core/events/event-type.ts';
import type { EventId } from '../../core/ids.ts';
import { MAX_MISSED_EVENTS, MAX_STREAM_OVERFLOWS, MAX_STREAM_QUEUE_CHARACTERS } from '../../core/limits.ts';
import { Listeners } from '../../core/listeners.ts';
import { fillsPage } from '../../core/page-bytes.ts';
import { RecentIds } from '../../core/recent-ids.ts';
import type { ActivityListener } from '../../ports/coordination/activity.ts';

/** What a watcher wants to see; empty `types` = all. */
export interface TailFilter {
  readonly types: readonly string[];
  readonly kinds: readonly ActivityKind[];
}

export type TailMessage =
  /** `position`: where to resume once this is read; null = the place of an earlier message stays. */
  | { readonly kind: 'activity'; readonly activity: Activity; readonly position: EventId | null }
  /** All up to `position` was told. */
  | { readonly kind: 'untold'; readonly counts: DroppedCounts; readonly position: EventId };

/** `slow`: it did not read what we had for it. */
export type TailEnd = 'gone' | 'slow' | 'over';

/** Goes out in one piece. */
const PIECE_CHARACTERS = 64 * 1024;
/** Of events read from the record at once; how many fit into it is told by those read before. */
export const READ_BYTES = 1024 * 1024;
const FIRST_READ = 16;
const MIN_READ = 4;
const MAX_READ = 200;

/**
 * What one watcher is shown, in bounded pieces as it takes them. News waits in a queue; what was missed is read from the
 * record first, while news gathers behind it. Positions only go up: an event that was recorded after one with a higher id
 * is shown when it comes, and does not move the place to resume at.
 */
export class Tail implements ActivityListener {
  readonly #filter: TailFilter;
  readonly #read: (after: EventId, limit: number) => Promise<readonly AcceptedEvent[]>;
  readonly #onGrowth: (characters: number) => void;
  /** News by the event's id, deliveries by a number of their own. */
  readonly #queue = new Map<EventId | number, Activity>();
  readonly #shown = new RecentIds();
  #characters = 0;
  #nextNumber = 0;
  /** Of the queue of one that was live, since it took something. */
  #overflows = 0;
  #dropped: DroppedCounts = NOTHING_DROPPED;
  #position: EventId;
  /** Where the watcher may resume, as long as no message has said it. */
  #positionToReport: EventId | null;
  #reading: { looked: number; again: boolean; limit: number } | null;
  #end: TailEnd | null = null;
  readonly #onEnd = new Listeners<void>();
  #wake: (() => void) | undefined;

  /**
   * @param parts.position the newest event that the watcher has seen, or that was there when it came
   * @param parts.missed whether there may be events after it that it has not seen
   * @param parts.onGrowth the queue has grown by so much, or shrunk
   */
  constructor(parts: {
    filter: TailFilter;
    position: EventId;
    missed: boolean;
    read: (after: EventId, limit: number) => Promise<readonly AcceptedEvent[]>;
    onGrowth: (characters: number) => void;
  }) {
    this.#filter = parts.filter;
    this.#position = parts.position;
    this.#positionToReport = parts.missed ? null : parts.position;
    this.#read = parts.read;
    this.#onGrowth = parts.onGrowth;
    // Recorded a moment ago, its news may still be on the way.
    this.#shown.add(parts.position);
    this.#reading = parts.missed ? newReading() : null;
  }

  /** What waits to be taken. */
  get characters(): number {
    return this.#characters;
  }

  get ended(): TailEnd | null {
    return this.#end;
  }

  /** Not called when it has ended already. @returns a function that ends it */
  onEnd(listener: () => void): () => void {
    return this.#onEnd.add(listener);
  }

  /** The first end counts. What waits is forgotten. */
  end(how: TailEnd): void {
    if (this.#end !== null) return;
    this.#end = how;
    this.#forgetQueue();
    this.#onEnd.call();
    this.#wake?.();
  }

  onActivities(activities: readonly Activity[]): void {
    if (this.#end !== null) return;
    for (const activity of activities) this.#add(activity);
    if (this.#characters > MAX_STREAM_QUEUE_CHARACTERS) this.#overflow();
    this.#wake?.();
  }

  onDropped(counts: DroppedCounts): void {
    // Of unknown number: the way was cut, and the record has them.
    if (counts.event === null && this.#wants('event')) this.#readAgain();
    // One that reads the record finds them there.
    if (this.#reading !== null) this.#reading.again = true;
    const event = this.#wants('event') && this.#reading === null ? (counts.event ?? 0) : 0;
    const delivery = this.#wants('delivery') ? counts.delivery : 0;
    this.#dropped = addDropped(this.#dropped, { event, delivery });
    this.#wake?.();
  }

  /**
   * The next piece; waits for it. Undefined at the end.
   * @throws EngineUnavailable when what was missed can't be read
   */
  async next(): Promise<readonly TailMessage[] | undefined> {
    while (this.#end === null) {
      const messages = this.#reading === null ? this.#take() : await this.#readMissed();
      if (this.#end === null && messages.length > 0) {
        this.#overflows = 0;
        return messages;
      }
      if (this.#isIdle()) await this.#change();
    }
    return undefined;
  }

  /** Where to resume, if that moved without anything to show: what nobody asked for has gone by. */
  takePosition(): EventId | null {
    const position = this.#isIdle() ? this.#positionToReport : null;
    if (position !== null) this.#positionToReport = null;
    return position;
  }

  #wants(kind: ActivityKind): boolean {
    return this.#filter.kinds.includes(kind);
  }

  #shows(activity: Activity): boolean {
    return this.#wants(activity.kind) && wantsEventType(this.#filter.types, eventTypeOf(activity));
  }

  #isIdle(): boolean {
    return this.#end === null && this.#reading === null && this.#queue.size === 0 && !hasDropped(this.#dropped);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #add(activity: Activity): void {
    if (!this.#shows(activity)) {
      // Behind what waits, its place is not reached yet.
      if (activity.kind === 'event' && this.#isIdle()) this.#skip(activity.event.id);
      return;
    }
    if (activity.kind === 'event') {
      if (this.#shown.has(activity.event.id) || this.#queue.has(activity.event.id)) return;
      this.#queue.set(activity.event.id, activity);
    } else {
      this.#queue.set(this.#nextNumber++, activity);
    }
    this.#grow(weightOf(activity));
  }

  /** Events are in the record as well, and read from there; a watcher that takes nothing of it is cut. */
  #overflow(): void {
    // One that catches up has not had its turn yet.
    const isLive = this.#reading === null || this.#overflows > 0;
    if (isLive && ++this.#overflows > MAX_STREAM_OVERFLOWS) {
      this.end('slow');
      return;
    }
    let [event, delivery] = [0, 0];
    for (const activity of this.#queue.values()) {
      if (activity.kind === 'delivery') delivery++;
      else if (activity.event.id <= this.#position) event++;
    }
    this.#forgetQueue();
    // What was not told of events so far is read with them.
    if (this.#wants('event')) {
      this.#readAgain();
      this.#dropped = { ...this.#dropped, event: 0 };
    }
    this.#dropped = addDropped(this.#dropped, { event, delivery });
  }

  #readAgain(): void {
    if (this.#reading === null) this.#reading = newReading();
    else this.#reading.again = true;
  }

  #take(): TailMessage[] {
    const messages: TailMessage[] = [];
    if (hasDropped(this.#dropped)) {
      messages.push({ kind: 'untold', counts: this.#dropped, position: this.#position });
      this.#dropped = NOTHING_DROPPED;
    }
    let characters = 0;
    for (const [key, activity] of this.#queue) {
      if (characters >= PIECE_CHARACTERS) break;
      this.#remove(key, activity);
      characters += weightOf(activity);
      messages.push(this.#message(activity));
    }
    return messages;
  }

  async #readMissed(): Promise<TailMessage[]> {
    const reading = this.#reading;
    if (reading === null) return [];
    const { limit } = reading;
    reading.again = false;
    const events = await this.#read(this.#position, limit);
    const messages: TailMessage[] = [];
    for (const event of events) {
      const waiting = this.#queue.get(event.id);
      if (waiting !== undefined) this.#remove(event.id, waiting);
      const activity: Activity = { kind: 'event', event };
      if (this.#shows(activity) && !this.#shown.has(event.id)) messages.push(this.#message(activity));
      else this.#skip(event.id);
    }
    reading.looked += events.length;
    reading.limit = nextLimit(events);
    const isLast = events.length < limit && !fillsPage(events, READ_BYTES);
    const isTooMuch = reading.looked >= MAX_MISSED_EVENTS;
    if (isTooMuch) this.#dropped = addDropped(this.#dropped, { event: null, delivery: 0 });
    if (isTooMuch || (isLast && !reading.again)) this.#reading = null;
    return messages;
  }

  #remove(key: EventId | number, activity: Activity): void {
    this.#queue.delete(key);
    this.#grow(-weightOf(activity));
  }

  #forgetQueue(): void {
    this.#queue.clear();
    this.#grow(-this.#characters);
  }

  #grow(characters: number): void {
    this.#characters += characters;
    this.#onGrowth(characters);
  }

  #message(activity: Activity): TailMessage {
    if (activity.kind === 'delivery') return { kind: 'activity', activity, position: null };
    const { id } = activity.event;
    this.#shown.add(id);
    if (id <= this.#position) return { kind: 'activity', activity, position: null };
    this.#position = id;
    this.#positionToReport = null;
    return { kind: 'activity', activity, position: id };
  }

  #skip(id: EventId): void {
    if (id <= this.#position) return;
    this.#position = id;
    this.#positionToReport = id;
  }
}

function newReading() {
  return { looked: 0, again: false, limit: FIRST_READ };
}

function hasDropped({ event, delivery }: DroppedCounts): boolean {
  return event !== 0 || delivery !== 0;
}

function nextLimit(events: readonly AcceptedEvent[]): number {
  if (events.length === 0) return FIRST_READ;
  const average = events.reduce((sum, { data }) => sum + data.length + 1, 0) / events.length;
  return Math.max(MIN_READ, Math.min(MAX_READ, Math.floor(READ_BYTES / average)));
}
