import { ask, call, get, readEvent } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { PageProps } from '../core/page-props.ts';
import { duration } from '../core/time-text.ts';
import type { DeliveryWithAttempts, EventRow, Trace } from '../core/views.ts';
import { Copy, Failure, Head, Note, Payload, Status, Time } from '../parts/basic.tsx';

export function EventPage({ id }: PageProps) {
  return (
    <>
      <p class="crumb">
        <a href="#/events">Events</a> / <span class="mono">{id}</span> <Copy text={id} what="event id" />
      </p>
      <EventInFull id={id} />
    </>
  );
}

/** One event: its payload, its deliveries, and each attempt. */
export function EventInFull({ id }: { id: string }) {
  const path = `/api/events/${encodeURIComponent(id)}`;
  const { value, error, reload } = useLoad(async () => {
    const [event, trace] = await Promise.all([ask('GET', path).then(readEvent), get<Trace>(`${path}/trace`)]);
    const ids = trace.endpoints.flatMap(({ deliveries }) => deliveries.map((delivery) => delivery.id));
    const deliveries = await Promise.all(ids.map((each) => get<DeliveryWithAttempts>(`/api/deliveries/${each}`)));
    return { event, trace, deliveries };
  }, [id]);
  const action = useAction();
  const replay = () =>
    action.run(async () => {
      const { deliveries } = await call<{ deliveries: number }>('POST', `${path}/replay`, {});
      setTimeout(reload, 500);
      return `Replayed to ${deliveries} ${deliveries === 1 ? 'endpoint' : 'endpoints'}.`;
    });
  if (value === undefined) return <Failure of={error} />;
  const { event, trace, deliveries } = value;
  return (
    <>
      <Head title={event.type}>
        <button type="button" onClick={reload}>
          Refresh
        </button>
        <button type="button" class="main" disabled={action.busy} onClick={replay}>
          Replay
        </button>
      </Head>
      <Note of={action.note} />
      <Facts event={event} />
      <div class="columns">
        <Payload text={event.data} />
        <section aria-label="Deliveries">
          <h2>Deliveries</h2>
          <TraceList trace={trace} deliveries={deliveries} />
        </section>
      </div>
    </>
  );
}

function Facts({ event }: { event: EventRow }) {
  return (
    <dl class="facts">
      <div>
        <dt>Accepted</dt>
        <dd>
          <Time at={event.created_at} />
        </dd>
      </div>
      {event.dedup_id !== null && (
        <div>
          <dt>Dedup id</dt>
          <dd class="mono">{event.dedup_id}</dd>
        </div>
      )}
      {event.ordering_key !== null && (
        <div>
          <dt>Ordering key</dt>
          <dd class="mono">{event.ordering_key}</dd>
        </div>
      )}
    </dl>
  );
}

function TraceList({ trace, deliveries }: { trace: Trace; deliveries: readonly DeliveryWithAttempts[] }) {
  return (
    <ul class="trace">
      {trace.endpoints.map((endpoint) => (
        <li key={endpoint.endpoint_id}>
          <a class="mono wrap" href={`#/endpoints/${endpoint.endpoint_id}`}>
            {endpoint.url ?? '(deleted endpoint)'}
          </a>
          {!endpoint.matched && <span class="dim"> not matched: {endpoint.reason}</span>}
          {deliveries
            .filter(({ endpoint_id }) => endpoint_id === endpoint.endpoint_id)
            .map((delivery) => (
              <Timeline key={delivery.id} delivery={delivery} />
            ))}
        </li>
      ))}
      {trace.inboxes.map(({ name, matched, reason, status }) => (
        <li key={name}>
          <a href={`#/inbox?inbox=${encodeURIComponent(name)}`}>Inbox {name}</a>{' '}
          {matched ? <Status of={status ?? 'available'} /> : <span class="dim">not matched: {reason}</span>}
        </li>
      ))}
      {trace.endpoints.length === 0 && (
        <li class="dim">
          No endpoint matches it. <a href="#/endpoints">Create one</a>, then replay.
        </li>
      )}
    </ul>
  );
}

function Timeline({ delivery }: { delivery: DeliveryWithAttempts }) {
  return (
    <div class="delivery">
      <Status of={delivery.status} />
      {delivery.next_attempt_at !== null && (
        <span class="dim">
          {' '}
          next attempt <Time at={delivery.next_attempt_at} />
        </span>
      )}
      <ol class="timeline">
        {delivery.attempts.map((attempt) => (
          <li key={attempt.number} class={attempt.error === null ? 'good' : 'bad'}>
            <span class="num">
              {attempt.number}. {attempt.status_code ?? attempt.error} in {duration(attempt.duration_ms)}
            </span>{' '}
            <span class="dim">
              <Time at={attempt.started_at} />
            </span>
            {attempt.error_detail && <span class="wrap"> {attempt.error_detail}</span>}
            {attempt.response_excerpt && <code class="wrap">{attempt.response_excerpt}</code>}
          </li>
        ))}
      </ol>
    </div>
  );
}
