import { request } from '../api/http/answers/index.ts';
import { DEVELOPMENT_KEY } from './settings/index.ts';

const REQUESTS = 5;
/** No event: a type has no spaces. */
const BODY = '{"type":"warm up","data":{"list":[1],"text":"x"}}';

/**
 * The first request pays for code that V8 compiles when it is first run: 12 ms, measured, which the newcomer's first curl
 * would show. A few requests of our own, which are refused and leave nothing behind, pay for it before anybody asks.
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
    // Nothing depends on it.
    sent.once('error', () => resolve());
    sent.end(BODY);
  });
}
