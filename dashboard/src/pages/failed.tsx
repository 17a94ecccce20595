import { useState } from 'preact/hooks';
import { call, get } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { Delivery, Endpoint, Page } from '../core/views.ts';
import { Empty, Failure, Head, Note, Table, Time } from '../parts/basic.tsx';

/** The newest failed deliveries are loaded and grouped. "Retry all" also retries older ones. */
const MAX_LOADED = 500;
const SHOWN_A_GROUP = 50;

export function FailedPage() {
  const { value, error, reload } = useLoad(
    () =>
      Promise.all([
        get<Page<Delivery>>(`/api/deliveries?status=failed&limit=${MAX_LOADED}`),
        get<Page<Endpoint>>('/api/endpoints?limit=1000'),
      ]),
    [],
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { note, busy, run } = useAction();
  const retry = (ids: readonly string[]) =>
    run(async () => {
      // One request at a time. A refused retry is reported, and the others continue.
      let done = 0;
      let refused = '';
      for (const id of ids) {
        await call('POST', `/api/deliveries/${id}/retry`).then(
          () => done++,
          (reason: Error) => {
            refused = ` Could not retry ${ids.length - done}: ${reason.message}`;
          },
        );
      }
      setChosen(new Set());
      setTimeout(reload, 400);
      return `Retrying ${done}.${refused}`;
    });
  const retryAll = (endpointId?: string) =>
    run(async () => {
      const body = { status: 'failed', ...(endpointId === undefined ? {} : { endpoint_id: endpointId }) };
      const { deliveries, more } = await call<{ deliveries: number; more: boolean }>(
        'POST',
        '/api/deliveries/retry',
        body,
      );
      setTimeout(reload, 600);
      return `Retrying ${deliveries}${more ? ' and more, in the background' : ''}.`;
    });
  const [page, endpoints] = value ?? [];
  const urls = new Map(endpoints?.data.map(({ id, url }) => [id, url]));
  const groups = Object.entries(Object.groupBy(page?.data ?? [], (each) => `${each.endpoint_id} ${reasonOf(each)}`));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <>
      <Head title="Failed">
        <button type="button" disabled={chosen.size === 0 || busy} onClick={() => retry([...chosen])}>
          Retry {chosen.size} selected
        </button>
        <button type="button" class="main" disabled={groups.length === 0 || busy} onClick={() => retryAll()}>
          Retry all
        </button>
      </Head>
      <Note of={note} />
      <Failure of={error} />
      {page?.data.length === 0 && (
        <Empty title="No failed deliveries">
          A delivery is listed here after its last attempt has failed. You can retry it.
        </Empty>
      )}
      {groups.map(([name, rows = []]) => (
        <section key={name} class="group" aria-label={name}>
          <div class="split">
            <h2>
              <span class="mono wrap">{urls.get(rows[0]?.endpoint_id ?? '') ?? '(deleted endpoint)'}</span>{' '}
              <span class="tag bad">{rows[0] !== undefined && reasonOf(rows[0])}</span>{' '}
              <span class="dim num">
                {rows.length}
                {page?.next_cursor !== null && '+'}
              </span>
            </h2>
            <button type="button" disabled={busy} onClick={() => retryAll(rows[0]?.endpoint_id)}>
              Retry this endpoint
            </button>
          </div>
          <Table heads={['Select', 'Failed', 'Type', 'Attempts', '']} label={`Failed: ${name}`}>
            {rows.slice(0, SHOWN_A_GROUP).map((each) => (
              <tr key={each.id}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Select ${each.event_type} ${each.id}`}
                    checked={chosen.has(each.id)}
                    onChange={() => toggle(each.id)}
                  />
                </td>
                <td class="num">
                  <Time at={each.updated_at} />
                </td>
                <td>
                  <a class="mono" href={`#/events/${each.event_id}`}>
                    {each.event_type}
                  </a>
                </td>
                <td class="num">{each.attempts}</td>
                <td class="acts">
                  <button type="button" disabled={busy} onClick={() => retry([each.id])}>
                    Retry
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        </section>
      ))}
    </>
  );
}

function reasonOf({ last_status_code, last_error }: Delivery): string {
  return String(last_status_code ?? last_error ?? 'unknown');
}
