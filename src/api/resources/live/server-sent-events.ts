import type { Activity } from '../../../core/events/activity.ts';
import type { EventId } from '../../../core/ids.ts';
import type { TailMessage } from '../../../pipeline/live/index.ts';
import { deliveryNewsView, eventJson } from '../views/index.ts';

/** Printed messages by activity, so that each is printed once for all clients of an organization. */
const printed = new WeakMap<Activity, string>();

/** The messages as server-sent events (WHATWG HTML, 9.2). */
export function serverSentEvents(messages: readonly TailMessage[]): string {
  return messages.map(serverSentEvent).join('');
}

/** Moves the client's position without dispatching a message. */
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
 * Prints `data:` lines. JSON may contain line ends between its tokens, never within. Clients join `data:` lines with a line
 * feed, so a line feed is preserved. The format cannot carry a carriage return, which becomes a line feed.
 */
function dataLines(json: string): string {
  if (!/[\r\n]/.test(json)) return `data: ${json}\n`;
  return json
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('');
}
