/** Events, deliveries and jobs as clients see them. */

export type * as Wire from './types.ts';
export {
  attemptView,
  deliveryNewsView,
  deliverySummary,
  deliveryView,
  eventJson,
  heldMessageJson,
  jobView,
  messageJson,
  pageJson,
} from './views.ts';
