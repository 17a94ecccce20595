import { useState } from 'preact/hooks';
import { getEvents, query as toQuery } from '../core/api.ts';
import { useLoad } from '../core/hooks.ts';
import type { PageProps } from '../core/page-props.ts';
import { curl, Empty, Failure, Head, Pager, Table, Time } from '../parts/basic.tsx';

const ROWS = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function EventsPage({ query }: PageProps) {
  const type = query.get('type') ?? '';
  const from = query.get('from') ?? '';
  const to = query.get('to') ?? '';
  const [cursor, setCursor] = useState<string | null>(null);
  const search = toQuery({ type, from, to, limit: ROWS, cursor });
  const { value: page, error, reload } = useLoad(() => getEvents(`/api/events?${search}`), [search]);
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = (name: string) => String(form.get(name) ?? '').trim();
    setCursor(null);
    if (UUID.test(given('id'))) location.hash = `#/events/${given('id')}`;
    else {
      const times = { from: iso(given('from')), to: iso(given('to')) };
      location.hash = `#/events?${toQuery({ type: given('type'), ...times })}`;
    }
  };
  return (
    <>
      <Head title="Events">
        <button type="button" onClick={reload}>
          Refresh
        </button>
      </Head>
      <form class="filters" onSubmit={find}>
        <label>
          Type
          <input name="type" defaultValue={type} placeholder="order.created" />
        </label>
        <label>
          From
          <input name="from" type="datetime-local" defaultValue={local(from)} />
        </label>
        <label>
          To
          <input name="to" type="datetime-local" defaultValue={local(to)} />
        </label>
        <label>
          Id
          <input name="id" class="mono" placeholder="01a20ae9-…" />
        </label>
        <button type="submit" class="main">
          Find
        </button>
      </form>
      <Failure of={error} />
      {page?.data.length === 0 && (
        <Empty
          title="No events"
          curl={curl('POST', '/api/events', '{"type": "test.manual", "data": {"message": "test"}}')}
        >
          {search.includes('type') || from || to
            ? 'No event matches this search.'
            : 'Send your first event from the page '}
          {!search.includes('type') && <a href="#/send">Send</a>}
        </Empty>
      )}
      {page !== undefined && page.data.length > 0 && (
        <Table heads={['Time', 'Type', 'Payload', 'Id']} label="Events, newest first">
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
              <td class="mono cut dim">{event.data.slice(0, 160)}</td>
              <td class="mono dim num">{event.id.slice(0, 13)}…</td>
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

function iso(text: string): string {
  return text === '' ? '' : new Date(text).toISOString();
}

/** @returns local time without a zone, the format of a datetime-local field */
function local(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime())
    ? ''
    : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
