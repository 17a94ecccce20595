import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type LiveRow, LiveRows } from '../core/live-rows.ts';
import { openStream } from '../core/stream.ts';
import { curl, Empty, Failure, Head, Status, Table, Time } from '../parts/basic.tsx';
import { Plot } from '../parts/plot.tsx';

/** Redraws at this interval, however many events arrive in between. */
const REDRAW_MS = 150;
const SHOWN = 100;

export function LivePage() {
  const live = useMemo(() => new LiveRows(), []);
  const [rows, setRows] = useState<readonly LiveRow[]>([]);
  const [rates, setRates] = useState(() => live.rates(nowSeconds()));
  const [state, setState] = useState('connecting');
  const [refused, setRefused] = useState<string>();
  const [paused, setPaused] = useState(false);
  const [types, setTypes] = useState('');
  const [onlyFailing, setOnlyFailing] = useState(false);
  const changed = useRef(false);

  useEffect(() => {
    setRefused(undefined);
    live.clear();
    changed.current = true;
    return openStream({
      types,
      onState: setState,
      onRefused: setRefused,
      onMessages(messages) {
        for (const message of messages) live.add(message);
        changed.current = true;
      },
    });
  }, [types]);
  useEffect(() => {
    if (paused) return;
    const draw = setInterval(() => {
      if (changed.current) setRows(live.rows());
      changed.current = false;
    }, REDRAW_MS);
    const plot = setInterval(() => setRates(live.rates(nowSeconds())), 1_000);
    return () => {
      clearInterval(draw);
      clearInterval(plot);
    };
  }, [paused]);

  const shown = rows.filter((row) => !onlyFailing || isFailing(row)).slice(0, SHOWN);
  const rate = rates[1].slice(-5).reduce((sum, each) => sum + each, 0) / 5;
  return (
    <>
      <Head title="Live">
        <span class={`pulse ${state}`} role="status">
          {paused ? 'paused' : state === 'waiting' ? 'reconnecting' : state}
        </span>
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? 'Resume' : 'Pause'}
        </button>
      </Head>
      <div class="figures">
        <Figure value={rate.toFixed(1)} name="events a second" tone="one" />
        <Figure value={live.events.toLocaleString('en')} name="events seen" />
        <Figure value={live.deliveries.toLocaleString('en')} name="attempts seen" tone="two" />
      </div>
      <Plot data={rates} names={['events', 'attempts']} label={`Events a second, now ${rate.toFixed(1)}`} />
      <div class="filters">
        <label>
          Types
          <input
            placeholder="order.*, **"
            value={types}
            onChange={(event) => setTypes(event.currentTarget.value.replaceAll(' ', ''))}
          />
        </label>
        <label class="check">
          <input type="checkbox" checked={onlyFailing} onChange={() => setOnlyFailing(!onlyFailing)} />
          Only failed or retrying
        </label>
      </div>
      <Failure of={refused} />
      {live.missed > 0 && <p class="note">Some events or attempts were dropped because there were too many at once.</p>}
      {shown.length === 0 ? (
        <Empty
          title="No events yet"
          curl={curl('POST', '/api/events', '{"type": "test.manual", "data": {"message": "test"}}')}
        >
          Events appear here as they are accepted. Send one from the page <a href="#/send">Send</a>, or from a terminal.
        </Empty>
      ) : (
        <Table heads={['Time', 'Type', 'Payload', 'Deliveries']} label="Live events">
          {shown.map((row) => (
            <tr key={row.id}>
              <td class="num">
                <Time at={row.at} />
              </td>
              <td>
                <a class="mono" href={`#/events/${row.id}`}>
                  {row.type}
                </a>
              </td>
              <td class="mono cut dim">{row.data ?? '(sent earlier)'}</td>
              <td>
                <Deliveries of={row} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

function Deliveries({ of }: { of: LiveRow }) {
  if (of.deliveries.size === 0) return <span class="dim">–</span>;
  return (
    <>
      {[...of.deliveries.values()].map(({ id, status, last_status_code, last_error }) => (
        <Status key={id} of={status} more={last_status_code ?? last_error ?? undefined} />
      ))}
    </>
  );
}

/** @param tone the line of the plot that shows this figure */
function Figure({ value, name, tone = '' }: { value: string; name: string; tone?: string }) {
  return (
    <div class="figure">
      <b>{value}</b>
      <span class={`line ${tone}`}>{name}</span>
    </div>
  );
}

function isFailing({ deliveries }: LiveRow): boolean {
  return [...deliveries.values()].some(({ status }) => status === 'failed' || status === 'retrying');
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
