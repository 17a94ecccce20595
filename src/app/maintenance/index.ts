/** Work on a stopped or running service by an operator: dead letters, and the copy of an embedded record. */

export { copyRecord } from './copy-record.ts';
export { withEngine } from './operator.ts';
