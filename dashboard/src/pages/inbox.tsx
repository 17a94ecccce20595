import { useState } from 'preact/hooks';
import { call, get, getEvents, query as toQuery } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { PageProps } from '../core/page-props.ts';
import { curl, Empty, Failure, Head, Note, Pager, Status, Table, Time } from '../parts/basic.tsx';

const STATUSES = ['available', 'leased', 'acked', 'quarantined', 'all'];
const LEASE_SECONDS = 60;

export function InboxPage({ query }: PageProps) {
  const [inbox, setInbox] = useState(query.get('inbox') ?? 'default');
  const [status, setStatus] = useState('available');
  const [cursor, setCursor] = useState<string | null>(null);
  const [lease, setLease] = useState<{ id: string; ids: readonly string[] } | null>(null);
  const search = toQuery({ inbox, status, limit: 50, cursor });
  const inboxes = useLoad(() => get<{ data: { name: string }[] }>('/api/inboxes'), []);
  const { value: page, error, reload } = useLoad(() => getEvents(`/api/inbox?${search}`), [search]);
  const { note, busy, run } = useAction();
  const leaseEvents = () =>
    run(async () => {
      const body = { inbox, lease_limit: 10, lease_seconds: LEASE_SECONDS };
      const made = await call<{ lease_id: string | null; data: { id: string }[] }>('POST', '/api/inbox/lease', body);
      reload();
      if (made.lease_id === null) return 'No events are available.';
      setLease({ id: made.lease_id, ids: made.data.map(({ id }) => id) });
      setStatus('leased');
      return `Leased ${made.data.length} events for ${LEASE_SECONDS} s. Acknowledge or release them.`;
    });
  const end = (how: 'ack' | 'release') =>
    run(async () => {
      await call('POST', `/api/inbox/${how}`, { inbox, lease_id: lease?.id });
      setLease(null);
      setStatus(how === 'ack' ? 'acked' : 'available');
      reload();
      return how === 'ack' ? 'Acknowledged.' : 'Released. The events are available again.';
    });
  const one = (path: 'ack' | 'requeue', id: string) =>
    run(async () => {
      await call('POST', `/api/inbox/${path}`, { inbox, event_ids: [id] });
      reload();
      return path === 'ack' ? 'Acknowledged.' : 'Requeued. The event is available again.';
    });
  return (
    <>
      <Head title="Inbox">
        <button type="button" class="main" disabled={busy} onClick={leaseEvents}>
          Lease 10
        </button>
        {lease !== null && (
          <>
            <button type="button" onClick={() => end('ack')}>
              Acknowledge lease
            </button>
            <button type="button" onClick={() => end('release')}>
              Release
            </button>
          </>
        )}
      </Head>
      <div class="filters">
        <label>
          Inbox
          <select value={inbox} onChange={(event) => setInbox(event.currentTarget.value)}>
            {(inboxes.value?.data ?? [{ name: 'default' }]).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Status
          <select
            value={status}
            onChange={(event) => {
              setCursor(null);
              setStatus(event.currentTarget.value);
            }}
          >
            {STATUSES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <Note of={note} />
      <Failure of={error} />
      {page?.data.length === 0 && (
        <Empty
          title={status === 'all' ? 'No events' : `No ${status} events`}
          curl={curl('POST', '/api/inbox/lease', '{"lease_limit": 10, "wait_seconds": 20}')}
        >
          Events stay here until a consumer leases and acknowledges them.
        </Empty>
      )}
      {page !== undefined && page.data.length > 0 && (
        <Table heads={['Time', 'Type', 'Payload', 'Status', 'Leases', '']} label="Events of the inbox, oldest first">
          {page.data.map((event) => (
            <tr key={event.id}>
              <td class="num">
                <Time at={event.created_at} />
              </td>
              <td>
                <a class="mono" href={`#/events/${event.id}`}>
                  {event.type}
                </a>
              </td>
              <td class="mono cut dim">{event.data.slice(0, 120)}</td>
              <td>
                <Status of={event.status ?? ''} />
              </td>
              <td class="num">{event.lease_count}</td>
              <td class="acts">
                {event.status === 'quarantined' && (
                  <button type="button" onClick={() => one('requeue', event.id)}>
                    Requeue
                  </button>
                )}
                {event.status === 'available' && (
                  <button type="button" onClick={() => one('ack', event.id)}>
                    Ack
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pager
        first={cursor === null}
        next={page?.next_cursor ?? null}
        onFirst={() => setCursor(null)}
        onNext={setCursor}
      />
    </>
  );
}
