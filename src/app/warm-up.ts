import { request } from '../api/http/answers/index.ts';
import { DEVELOPMENT_KEY } from './settings/index.ts';

const REQUESTS = 5;
/** Not a valid event, because a type has no spaces. */
const BODY = '{"type":"warm up","data":{"list":[1],"text":"x"}}';

/**
 * Sends a few requests that are refused and leave nothing. V8 compiles code at its first run, which took 12 ms of the first
 * request (measured), and a new user's first curl would show that.
 */
export async function warmUp(address: string): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) await refusedRequest(address);
}

function refusedRequest(address: string): Promise<void> {
  const headers = { host: 'localhost', 'x-api-key': DEVELOPMENT_KEY, 'content-type': 'application/json' };
  return new Promise((resolve) => {
    const sent = request(`${address}/api/events`, { method: 'POST', headers, agent: false }, (response) => {
      response.resume().once('close', resolve);
    });
    // A failed warm-up has no effect.
    sent.once('error', () => resolve());
    sent.end(BODY);
  });
}
