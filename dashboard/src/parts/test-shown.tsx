import { duration } from '../core/time-text.ts';
import type { TestResult } from '../core/views.ts';
import { Code, Payload } from './basic.tsx';

/** The request and the response of an endpoint test. */
export function TestShown({ of }: { of: TestResult }) {
  const headers = Object.entries(of.request.headers).map(([name, value]) => `${name}: ${value}`);
  return (
    <section class="card" aria-label="Test">
      <h2>
        Test: {of.status_code ?? of.error} <span class="dim">in {duration(of.duration_ms)}</span>
      </h2>
      <div class="columns">
        <div>
          <h3>Request</h3>
          <Code text={headers.join('\n')} label="Request headers" />
          <Payload text={of.request.body} label="Request body" />
        </div>
        <div>
          <h3>Response</h3>
          {of.error_detail && <p>{of.error_detail}</p>}
          <Code text={of.response_excerpt || '(empty)'} label="Response body" />
        </div>
      </div>
    </section>
  );
}
