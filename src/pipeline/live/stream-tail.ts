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

/** What a watcher wants to see; empty `types` = all types. */
export interface TailFilter {
  readonly types: readonly string[];
  readonly kinds: readonly ActivityKind[];
}

export type TailMessage =
  /** `position`: where to resume after this message; null = the position of an earlier message stands. */
  | { readonly kind: 'activity'; readonly activity: Activity; readonly position: EventId | null }
  /** Activities were dropped. Everything up to `position` was shown or is counted here. */
  | { readonly kind: 'dropped'; readonly counts: DroppedCounts; readonly position: EventId };

/** `slow`: the watcher did not read its queue in time. */
export type TailEnd = 'gone' | 'slow' | 'over';

/** Approximate size of one piece of output. */
const PIECE_CHARACTERS = 64 * 1024;
/** Bytes of events read from the record at once. The number of rows adapts to the size of earlier rows. */
export const READ_BYTES = 1024 * 1024;
const FIRST_READ = 16;
const MIN_READ = 4;
const MAX_READ = 200;

/**
 * The output of one stream, in bounded pieces as the watcher reads them. New activities wait in a queue; missed events
 * are read from the record first while the queue fills behind them. Positions only increase: an event recorded after
 * one with a higher id is shown when it arrives and does not move the position.
 */
export class Tail implements ActivityListener {
  readonly #filter: TailFilter;
  readonly #read: (after: EventId, limit: number) => Promise<readonly AcceptedEvent[]>;
  readonly #onGrowth: (characters: number) => void;
  /** Events by id, deliveries by a running number. */
  readonly #queue = new Map<EventId | number, Activity>();
  readonly #shown = new RecentIds();
  #characters = 0;
  #nextNumber = 0;
  /** Queue overflows of a live stream since it last took a piece. */
  #overflows = 0;
  #dropped: DroppedCounts = NOTHING_DROPPED;
  #position: EventId;
  /** The resume position, until a message has carried it. */
  #positionToReport: EventId | null;
  #reading: { scanned: number; again: boolean; limit: number } | null;
  #end: TailEnd | null = null;
  readonly #onEnd = new Listeners<void>();
  #wake: (() => void) | undefined;

  /**
   * @param parts.position the newest event that the watcher has seen, or the newest one on record at the start
   * @param parts.missed whether there may be later events that the watcher has not seen
   * @param parts.onGrowth called with the change of the queue's size
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
    // The event at the position may be announced late; it must not be shown twice.
    this.#shown.add(parts.position);
    this.#reading = parts.missed ? newReading() : null;
  }

  /** Characters in the queue. */
  get characters(): number {
    return this.#characters;
  }

  get ended(): TailEnd | null {
    return this.#end;
  }

  /** Adds a listener for the end; not called for a stream that has already ended. @returns a function that removes it */
  onEnd(listener: () => void): () => void {
    return this.#onEnd.add(listener);
  }

  /** Ends the stream and discards its queue. Only the first end counts. */
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
    // An unknown number: the subscription was interrupted, and the record has the events.
    if (counts.event === null && this.#wants('event')) this.#readAgain();
    // A stream that is reading the record finds the dropped events there.
    if (this.#reading !== null) this.#reading.again = true;
    const event = this.#wants('event') && this.#reading === null ? (counts.event ?? 0) : 0;
    const delivery = this.#wants('delivery') ? counts.delivery : 0;
    this.#dropped = addDropped(this.#dropped, { event, delivery });
    this.#wake?.();
  }

  /**
   * Waits for the next piece; undefined at the end.
   * @throws EngineUnavailable when missed events cannot be read
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

  /** Returns the resume position if it moved without a message: filtered events have passed. */
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
      // With a queue ahead of it, the event's position is not reached yet.
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

  /** Discards the queue: events are read from the record instead. Repeated overflows disconnect the watcher. */
  #overflow(): void {
    // A stream that is catching up gets one overflow without penalty.
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
    // Dropped events are read from the record as well.
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
      messages.push({ kind: 'dropped', counts: this.#dropped, position: this.#position });
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
    reading.scanned += events.length;
    reading.limit = nextLimit(events);
    const isLast = events.length < limit && !fillsPage(events, READ_BYTES);
    const isTooMuch = reading.scanned >= MAX_MISSED_EVENTS;
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
  return { scanned: 0, again: false, limit: FIRST_READ };
}

function hasDropped({ event, delivery }: DroppedCounts): boolean {
  return event !== 0 || delivery !== 0;
}

function nextLimit(events: readonly AcceptedEvent[]): number {
  if (events.length === 0) return FIRST_READ;
  const average = events.reduce((sum, { data }) => sum + data.length + 1, 0) / events.length;
  return Math.max(MIN_READ, Math.min(MAX_READ, Math.floor(READ_BYTES / average)));
}
