/** Whether a call fails: what it throws instead of being made, or undefined. */
export type Fault = (name: string, args: readonly unknown[]) => Error | undefined;

/** Calls that answer at once, and those that end things: they are made as they are. */
const SPARED = new Set([
  'onDue',
  'onAvailable',
  'claimOnAccept',
  'subscribe',
  'onMissed',
  'close',
  'length',
  'publish',
]);

/**
 * The ports of an engine, of which any call may fail as `fault` says: nothing has been done then. Ports within ports
 * (`store.endpoints`) are faulty too.
 */
export function faulty<Port extends object>(port: Port, fault: Fault, path = ''): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      const at = `${path}${String(name)}`;
      if (typeof value === 'function') {
        if (SPARED.has(String(name))) return value.bind(target);
        return (...args: unknown[]) => {
          const error = fault(at, args);
          return error === undefined ? value.apply(target, args) : Promise.reject(error);
        };
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return faulty(value, fault, `${at}.`);
    },
  });
}
