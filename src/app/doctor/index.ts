/** `triggers doctor`: looks at what the service needs of its machine. */

export { examine } from './doctor.ts';
