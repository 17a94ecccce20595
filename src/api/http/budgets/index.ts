/** Budgets for the bytes of request bodies and unread answers, per organization and in total. */

export { Answers } from './answers.ts';
export { Charge } from './byte-budget.ts';
export { BODIES_FULL, RequestBodies } from './request-bodies.ts';
