import { useState } from 'preact/hooks';
import { call, get } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import { duration } from '../core/time-text.ts';
import type { Endpoint, EndpointStats, Page, TestResult } from '../core/views.ts';
import { Bars } from '../parts/bars.tsx';
import { curl, Empty, Failure, Head, Note, Pager, Status, Time } from '../parts/basic.tsx';
import { TestShown } from '../parts/test-shown.tsx';

/** Endpoints on one page. Each card loads its own statistics. */
const CARDS = 24;

export function EndpointsPage() {
  const [cursor, setCursor] = useState<string | null>(null);
  const [creating, setCreating] = useState(false);
  const after = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  const { value: page, error } = useLoad(() => get<Page<Endpoint>>(`/api/endpoints?limit=${CARDS}${after}`), [cursor]);
  return (
    <>
      <Head title="Endpoints">
        <button type="button" class="main" aria-expanded={creating} onClick={() => setCreating(!creating)}>
          New endpoint
        </button>
      </Head>
      {creating && <NewEndpoint />}
      <Failure of={error} />
      {page?.data.length === 0 && !creating && (
        <Empty title="No endpoints" curl={curl('POST', '/api/endpoints', '{"url": "http://localhost:3000/webhook"}')}>
          An endpoint is a URL that receives your events as signed webhooks.
        </Empty>
      )}
      <ul class="cards">
        {page?.data.map((endpoint) => (
          <li key={endpoint.id}>
            <Card endpoint={endpoint} />
          </li>
        ))}
      </ul>
      <Pager
        first={cursor === null}
        next={page?.next_cursor ?? null}
        onFirst={() => setCursor(null)}
        onNext={setCursor}
      />
    </>
  );
}

function Card({ endpoint }: { endpoint: Endpoint }) {
  const { value: stats } = useLoad(() => get<EndpointStats>(`/api/endpoints/${endpoint.id}/stats`), [endpoint.id]);
  return (
    <article class="card">
      <div class="split">
        <span>
          <Status of={endpoint.status} />
          {endpoint.failing_since !== null && (
            <span class="tag bad">
              first failure <Time at={endpoint.failing_since} />
            </span>
          )}
        </span>
        <span class="dim">{endpoint.event_types.join(', ') || 'all types'}</span>
      </div>
      <h2>
        <a class="mono wrap" href={`#/endpoints/${endpoint.id}`}>
          {endpoint.url}
        </a>
      </h2>
      <Health stats={stats} />
      {stats !== undefined && stats.recent_attempts.length > 0 && (
        <Bars
          of={stats.recent_attempts.map(({ duration_ms, error }) => ({ value: duration_ms, isBad: error !== null }))}
          label={`Duration of the last ${stats.recent_attempts.length} attempts`}
        />
      )}
      {endpoint.description !== '' && <p class="dim">{endpoint.description}</p>}
    </article>
  );
}

export function Health({ stats }: { stats: EndpointStats | undefined }) {
  const rate = stats?.success_rate ?? null;
  const waiting = (stats?.by_status.pending ?? 0) + (stats?.by_status.retrying ?? 0);
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Success</dt>
          <dd class="num">{rate === null ? '–' : `${(rate * 100).toFixed(rate === 1 ? 0 : 1)} %`}</dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd class="num">{waiting}</dd>
        </div>
        <div>
          <dt>Failed</dt>
          <dd class="num">{stats?.by_status.failed ?? 0}</dd>
        </div>
        <div>
          <dt>P50 / P99</dt>
          <dd class="num">
            {stats === undefined || stats.latency === null
              ? '–'
              : `${duration(stats.latency.p50_ms)} / ${duration(stats.latency.p99_ms)}`}
          </dd>
        </div>
        <div>
          <dt>Breaker</dt>
          <dd>{stats?.breaker === 'open' ? <span class="tag bad">open</span> : 'closed'}</dd>
        </div>
        <div>
          <dt>Last error</dt>
          <dd>{stats?.last_error === 'status' ? 'HTTP status' : (stats?.last_error ?? 'none')}</dd>
        </div>
      </dl>
      <meter
        class="health"
        min={0}
        max={1}
        low={0.9}
        high={0.99}
        optimum={1}
        value={rate ?? 0}
        aria-label="Success rate"
      />
    </>
  );
}

function NewEndpoint() {
  const { note, busy, run } = useAction();
  const [tested, setTested] = useState<{ readonly id: string; readonly result: TestResult }>();
  const create = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const isTest = event.submitter?.getAttribute('name') === 'test';
    const types = String(form.get('types'))
      .split(/[\s,]+/)
      .filter(Boolean);
    void run(async () => {
      const body = { url: form.get('url'), description: form.get('description'), event_types: types };
      const { id } = await call<Endpoint>('POST', '/api/endpoints', body);
      if (isTest) setTested({ id, result: await call<TestResult>('POST', `/api/endpoints/${id}/test`, {}) });
      else location.hash = `#/endpoints/${id}`;
      return undefined;
    });
  };
  if (tested !== undefined) {
    return (
      <>
        <p class="note good" role="status">
          Created. <a href={`#/endpoints/${tested.id}`}>Open the endpoint</a>
        </p>
        <TestShown of={tested.result} />
      </>
    );
  }
  return (
    <form class="form card" onSubmit={create}>
      <label>
        URL
        <input name="url" class="mono" type="url" required placeholder="https://example.com/hook" />
      </label>
      <label>
        Event types <small>empty = all</small>
        <input name="types" class="mono" placeholder="order.*, invoice.paid" />
      </label>
      <label>
        Description
        <input name="description" />
      </label>
      <div class="actions">
        <button type="submit" class="main" disabled={busy}>
          Create
        </button>
        <button type="submit" name="test" disabled={busy}>
          Create and send a test
        </button>
      </div>
      <Note of={note} />
    </form>
  );
}
