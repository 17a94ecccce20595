/** The service cannot start. The message is one sentence for the operator and says what to change. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}
