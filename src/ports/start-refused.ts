/** The service can't start. The message is one sentence for the person at the terminal and says what to do. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}
