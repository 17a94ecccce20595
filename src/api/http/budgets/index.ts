/** Bytes of request bodies and unsent answers, per organization and over all. */

export { Answers } from './answers.ts';
export { Charge } from './byte-budget.ts';
export { BODIES_FULL, RequestBodies } from './request-bodies.ts';
