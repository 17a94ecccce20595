/** `triggers doctor`: checks the machine and the servers that the service needs. */

export { examine } from './doctor.ts';
