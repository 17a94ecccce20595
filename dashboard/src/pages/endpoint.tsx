import { useState } from 'preact/hooks';
import { call, get } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { PageProps } from '../core/page-props.ts';
import { duration } from '../core/time-text.ts';
import type { Delivery, Endpoint, EndpointStats, Page, TestResult } from '../core/views.ts';
import { Code, Copy, Failure, Head, Note, Status, Table, Time } from '../parts/basic.tsx';
import { Plot } from '../parts/plot.tsx';
import { TestShown } from '../parts/test-shown.tsx';
import { Health } from './endpoints.tsx';

const SHOWN = 20;

export function EndpointPage({ id }: PageProps) {
  const path = `/api/endpoints/${encodeURIComponent(id)}`;
  const { value, error, reload } = useLoad(async () => {
    const list = `/api/deliveries?endpoint_id=${encodeURIComponent(id)}&limit=${SHOWN}`;
    const [endpoint, stats, last] = await Promise.all([
      get<Endpoint>(path),
      get<EndpointStats>(`${path}/stats`),
      get<Page<Delivery>>(list),
    ]);
    return { endpoint, stats, last: last.data };
  }, [id]);
  const [secret, setSecret] = useState<string>();
  const [test, setTest] = useState<TestResult>();
  const { note, busy, run } = useAction();
  if (value === undefined) return <Failure of={error} />;
  const { endpoint, stats, last } = value;
  const attempts = stats.recent_attempts;
  const doTest = () =>
    run(async () => {
      setTest(await call<TestResult>('POST', `${path}/test`, {}));
      return undefined;
    });
  const switchTo = (enabled: boolean) =>
    run(async () => {
      await call('PATCH', path, { enabled });
      reload();
      return enabled ? 'Resumed: waiting deliveries are being sent.' : 'Paused: new deliveries wait.';
    });
  const showSecret = () =>
    run(async () => {
      setSecret((await get<{ secret: string }>(`${path}/secret`)).secret);
      return undefined;
    });
  const rotate = () =>
    run(async () => {
      setSecret((await call<{ secret: string }>('POST', `${path}/rotate-secret`, {})).secret);
      return 'Rotated: both secrets sign for one more day.';
    });
  const recover = () =>
    run(async () => {
      const since = new Date(Date.now() - 86_400_000).toISOString();
      const { deliveries } = await call<{ deliveries: number }>('POST', `${path}/recover`, { since });
      setTimeout(reload, 500);
      return `Retrying deliveries that failed in the last day: ${deliveries}.`;
    });
  const remove = () =>
    confirm(`Delete ${endpoint.url}? Its waiting deliveries are canceled.`) &&
    run(async () => {
      await call('DELETE', path);
      location.hash = '#/endpoints';
      return undefined;
    });
  return (
    <>
      <p class="crumb">
        <a href="#/endpoints">Endpoints</a> / <span class="mono">{id}</span> <Copy text={id} what="endpoint id" />
      </p>
      <Head title={endpoint.url}>
        <button type="button" class="main" disabled={busy} onClick={doTest}>
          Send a test
        </button>
        <button type="button" disabled={busy} onClick={() => switchTo(endpoint.status !== 'active')}>
          {endpoint.status === 'active' ? 'Pause' : 'Resume'}
        </button>
        <button type="button" disabled={busy} onClick={recover}>
          Retry last 24 hours
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
            first failure <Time at={endpoint.failing_since} />
          </span>
        )}
      </p>
      <Note of={note} />
      {test !== undefined && <TestShown of={test} />}
      <Health stats={stats} />
      {attempts.length > 0 && (
        <section>
          <h2>Attempt duration (ms)</h2>
          <Plot
            data={[
              attempts.map(({ started_at }) => Date.parse(started_at) / 1_000),
              attempts.map(({ duration_ms }) => duration_ms),
            ]}
            names={['ms']}
            bars
            label={`Duration of the last ${attempts.length} attempts`}
          />
        </section>
      )}
      <LastErrors of={stats.last_errors} />
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
            {last.map((each) => (
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

function LastErrors({ of }: { of: EndpointStats['last_errors'] }) {
  if (of.length === 0) return null;
  return (
    <section>
      <h2>Last errors</h2>
      <Table heads={['Time', 'Error', 'Attempt', 'Duration']} label="Last errors">
        {of.map((each) => (
          <tr key={`${each.delivery_id} ${each.number}`}>
            <td class="num">
              <Time at={each.started_at} />
            </td>
            <td>
              <span class="tag bad">{each.error === 'status' ? each.status_code : each.error}</span>
              {each.error_detail && <span class="dim"> {each.error_detail}</span>}
            </td>
            <td class="num">{each.number}</td>
            <td class="num">{duration(each.duration_ms)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
