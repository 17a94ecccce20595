import { useState } from 'preact/hooks';
import { call, get } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { PageProps } from '../core/page-props.ts';
import { duration } from '../core/time-text.ts';
import type { Delivery, DeliveryInFull, Endpoint, EndpointStats, Page, TestResult } from '../core/views.ts';
import { Code, Copy, Failure, Head, Note, Payload, Status, Table, Time } from '../parts/basic.tsx';
import { Plot } from '../parts/plot.tsx';
import { Health } from './endpoints.tsx';

/** Of so many of the last deliveries each attempt is drawn. */
const DRAWN = 40;

export function EndpointPage({ id }: PageProps) {
  const path = `/api/endpoints/${encodeURIComponent(id)}`;
  const { value, error, reload } = useLoad(async () => {
    const list = `/api/deliveries?endpoint_id=${encodeURIComponent(id)}&limit=${DRAWN}`;
    const [endpoint, stats, last] = await Promise.all([
      get<Endpoint>(path),
      get<EndpointStats>(`${path}/stats`),
      get<Page<Delivery>>(list),
    ]);
    const full = await Promise.all(last.data.map((each) => get<DeliveryInFull>(`/api/deliveries/${each.id}`)));
    return { endpoint, stats, last: last.data, attempts: full.flatMap(({ attempts }) => attempts) };
  }, [id]);
  const [secret, setSecret] = useState<string>();
  const [test, setTest] = useState<TestResult>();
  const { note, busy, run } = useAction();
  if (value === undefined) return <Failure of={error} />;
  const { endpoint, stats, last } = value;
  const attempts = [...value.attempts].sort((a, b) => a.started_at.localeCompare(b.started_at));
  const doTest = () =>
    run(async () => {
      setTest(await call<TestResult>('POST', `${path}/test`, {}));
      return undefined;
    });
  const switchTo = (enabled: boolean) =>
    run(async () => {
      await call('PATCH', path, { enabled });
      reload();
      return enabled ? 'Delivers again; what waited is on its way.' : 'Paused: what arrives is held.';
    });
  const showSecret = () =>
    run(async () => {
      setSecret((await get<{ secret: string }>(`${path}/secret`)).secret);
      return undefined;
    });
  const rotate = () =>
    run(async () => {
      setSecret((await call<{ secret: string }>('POST', `${path}/rotate-secret`, {})).secret);
      return 'Both secrets sign for one more day.';
    });
  const recover = () =>
    run(async () => {
      const since = new Date(Date.now() - 86_400_000).toISOString();
      const { deliveries } = await call<{ deliveries: number }>('POST', `${path}/recover`, { since });
      setTimeout(reload, 500);
      return `Sending again what failed in the last day: ${deliveries}.`;
    });
  const remove = () =>
    confirm(`Delete ${endpoint.url}? What waits for it is canceled.`) &&
    run(async () => {
      await call('DELETE', path);
      location.hash = '#/endpoints';
      return undefined;
    });
  return (
    <>
      <p class="crumb">
        <a href="#/endpoints">Endpoints</a> / <span class="mono">{id}</span> <Copy text={id} what="the endpoint's id" />
      </p>
      <Head title={endpoint.url}>
        <button type="button" class="main" disabled={busy} onClick={doTest}>
          Send a test
        </button>
        <button type="button" disabled={busy} onClick={() => switchTo(endpoint.status !== 'active')}>
          {endpoint.status === 'active' ? 'Pause' : 'Resume'}
        </button>
        <button type="button" disabled={busy} onClick={recover}>
          Recover a day
        </button>
        <button type="button" class="danger" disabled={busy} onClick={remove}>
          Delete
        </button>
      </Head>
      <p>
        <Status of={endpoint.status} more={endpoint.disabled_reason ?? undefined} />{' '}
        <span class="dim">
          {endpoint.event_types.join(', ') || 'all types'} · {endpoint.max_attempts} attempts ·{' '}
          {endpoint.timeout_seconds} s
        </span>{' '}
        {endpoint.failing_since !== null && (
          <span class="tag bad">
            first failed <Time at={endpoint.failing_since} />
          </span>
        )}
      </p>
      <Note of={note} />
      {test !== undefined && <TestShown of={test} />}
      <Health stats={stats} />
      {attempts.length > 0 && (
        <section>
          <h2>Answer times (ms)</h2>
          <Plot
            data={[
              attempts.map(({ started_at }) => Date.parse(started_at) / 1_000),
              attempts.map(({ duration_ms }) => duration_ms),
            ]}
            names={['ms']}
            bars
            label={`How long the last ${attempts.length} attempts took`}
          />
        </section>
      )}
      <section class="secret">
        <h2>Secret</h2>
        {secret === undefined ? (
          <button type="button" onClick={showSecret}>
            Show
          </button>
        ) : (
          <Code text={secret} label="Signing secret" />
        )}{' '}
        <button type="button" disabled={busy} onClick={rotate}>
          Rotate
        </button>
      </section>
      {last.length > 0 && (
        <>
          <h2>Last deliveries</h2>
          <Table heads={['Time', 'Event', 'Status', 'Attempts']} label="Last deliveries">
            {last.slice(0, 20).map((each) => (
              <tr key={each.id}>
                <td class="num">
                  <Time at={each.updated_at} />
                </td>
                <td>
                  <a class="mono" href={`#/events/${each.event_id}`}>
                    {each.event_type}
                  </a>
                </td>
                <td>
                  <Status of={each.status} more={each.last_status_code ?? each.last_error ?? undefined} />
                </td>
                <td class="num">{each.attempts}</td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </>
  );
}

function TestShown({ of }: { of: TestResult }) {
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
          <h3>Answer</h3>
          <Code text={of.response_excerpt || '(empty)'} label="Answer body" />
        </div>
      </div>
    </section>
  );
}
