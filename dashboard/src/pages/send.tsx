import { useState } from 'preact/hooks';
import { ask } from '../core/api.ts';
import { useAction } from '../core/hooks.ts';
import { Copy, Head, Note } from '../parts/basic.tsx';
import { EventInFull } from './event.tsx';

/** The event is loaded again after these times, when a healthy receiver has answered. */
const RELOAD_AFTER_MS = [400, 2_000];

export function SendPage() {
  const [type, setType] = useState('order.created');
  const [data, setData] = useState('{\n  "id": 12345678901234567890,\n  "total": "19.90"\n}');
  const [dedup, setDedup] = useState('');
  const [sent, setSent] = useState<{ id: string; round: number }>();
  const { note, busy, run } = useAction();
  const send = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      // Built as text, so that the payload is sent exactly as it is in the field.
      const more = dedup === '' ? '' : `,"dedup_id":${JSON.stringify(dedup)}`;
      const since = performance.now();
      const answer = await ask('POST', '/api/events', `{"type":${JSON.stringify(type)}${more},"data":${data}}`);
      const { id, status } = JSON.parse(answer) as { id: string; status: string };
      for (const [round, ms] of RELOAD_AFTER_MS.entries()) setTimeout(() => setSent({ id, round }), ms);
      return status === 'duplicate'
        ? 'Duplicate: the first event is shown.'
        : `Accepted in ${Math.round(performance.now() - since)} ms.`;
    });
  };
  return (
    <>
      <Head title="Send" />
      <form class="form" onSubmit={send}>
        <label>
          Type
          <input class="mono" value={type} onInput={(event) => setType(event.currentTarget.value)} required />
        </label>
        <label>
          Payload (JSON)
          <textarea
            class="mono"
            rows={8}
            spellcheck={false}
            value={data}
            onInput={(event) => setData(event.currentTarget.value)}
          />
        </label>
        <label>
          Dedup id <small>optional</small>
          <input class="mono" value={dedup} onInput={(event) => setDedup(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" disabled={busy}>
          Send event
        </button>
        <Note of={note} />
      </form>
      {sent !== undefined && (
        <div class="followed">
          <p class="crumb">
            <a class="mono" href={`#/events/${sent.id}`}>
              {sent.id}
            </a>{' '}
            <Copy text={sent.id} what="event id" />
          </p>
          <EventInFull key={sent.id + sent.round} id={sent.id} />
        </div>
      )}
    </>
  );
}
