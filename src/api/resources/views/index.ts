/** Events, deliveries and jobs as clients see them. */

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
