import type { Activity } from '../../../core/events/activity.ts';
import type { EventId } from '../../../core/ids.ts';
import type { TailMessage } from '../../../pipeline/live/index.ts';
import { deliveryNewsView, eventJson } from '../views/index.ts';

/** What readers of one organization are sent is printed once. */
const printed = new WeakMap<Activity, string>();

/** The messages as server-sent events (WHATWG HTML, 9.2). */
export function serverSentEvents(messages: readonly TailMessage[]): string {
  return messages.map(serverSentEvent).join('');
}

/** Moves the place to resume at and shows nothing. */
export function positionOnly(position: EventId): string {
  return `id: ${position}\n\n`;
}

function serverSentEvent(message: TailMessage): string {
  const id = message.position === null ? '' : `id: ${message.position}\n`;
  if (message.kind === 'activity') return id + activityText(message.activity);
  const { event, delivery } = message.counts;
  const dropped = { events: event, deliveries: delivery, last_event_id: message.position };
  return `event: dropped\ndata: ${JSON.stringify(dropped)}\n\n`;
}

function activityText(activity: Activity): string {
  const known = printed.get(activity);
  if (known !== undefined) return known;
  const data =
    activity.kind === 'event' ? eventJson(activity.event) : JSON.stringify(deliveryNewsView(activity.delivery));
  const text = `event: ${activity.kind}\n${dataLines(data)}\n`;
  printed.set(activity, text);
  return text;
}

/**
 * JSON may have line ends between its tokens, never within. Readers join what stands in `data:` lines with a line feed, so
 * that one comes out as it came in; a carriage return can't be sent in any way, and comes out as the line end it is.
 */
function dataLines(json: string): string {
  if (!/[\r\n]/.test(json)) return `data: ${json}\n`;
  return json
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('');
}
