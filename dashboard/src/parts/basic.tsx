import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { indent } from '../core/json-text.ts';
import { relative } from '../core/time-text.ts';

export function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="head">
      <h1>{title}</h1>
      <div class="tools">{children}</div>
    </div>
  );
}

/** A relative time; the exact one is shown on hover. */
export function Time({ at }: { at: string | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <span class="dim">never</span>;
  return (
    <time dateTime={at} title={at}>
      {relative(Date.parse(at) - Math.max(now, Date.now()))}
    </time>
  );
}

const TONES: Readonly<Record<string, string>> = {
  delivered: 'good',
  active: 'good',
  acked: 'good',
  available: 'calm',
  pending: 'calm',
  leased: 'warn',
  retrying: 'warn',
  paused: 'warn',
  failed: 'bad',
  disabled: 'bad',
  quarantined: 'bad',
};

/** A colored dot and the word, so that the color alone carries no meaning. */
export function Status({ of, more }: { of: string; more?: ComponentChildren }) {
  return (
    <span class={`status ${TONES[of] ?? 'calm'}`}>
      {of}
      {more !== undefined && <span class="dim"> {more}</span>}
    </span>
  );
}

export function Note({ of }: { of: { text: string; bad: boolean } | null }) {
  return (
    <p class={`note ${of?.bad ? 'bad' : ''}`} role="status">
      {of?.text}
    </p>
  );
}

export function Failure({ of }: { of: string | undefined }) {
  return of === undefined ? null : (
    <p class="note bad" role="alert">
      {of}
    </p>
  );
}

export function Empty({ title, children, curl }: { title: string; children?: ComponentChildren; curl?: string }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      {curl !== undefined && <Code text={curl} label="curl command" />}
    </div>
  );
}

export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
      <Copy text={text} what={label} />
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setDone(true),
      () => {},
    );
  return (
    <button type="button" class="quiet copy" onClick={copy} aria-label={`Copy: ${what}`}>
      {done ? 'Copied' : 'Copy'}
    </button>
  );
}

/** JSON text, raw or indented. It is never parsed, so that large integers stay exact. */
export function Payload({ text, label = 'Payload' }: { text: string; label?: string }) {
  const [raw, setRaw] = useState(false);
  return (
    <section aria-label={label}>
      <div class="split">
        <h2>{label}</h2>
        <button type="button" class="quiet" aria-pressed={raw} onClick={() => setRaw(!raw)}>
          Raw
        </button>
      </div>
      <Code text={raw ? text : indent(text)} label={label} />
    </section>
  );
}

export function Pager(props: { first: boolean; next: string | null; onFirst(): void; onNext(next: string): void }) {
  const { first, next, onFirst, onNext } = props;
  if (first && next === null) return null;
  return (
    <div class="pager">
      <button type="button" disabled={first} onClick={onFirst}>
        First page
      </button>
      <button type="button" disabled={next === null} onClick={() => next !== null && onNext(next)}>
        Next page
      </button>
    </div>
  );
}

export function curl(method: string, path: string, body?: string): string {
  const data = body === undefined ? '' : ` \\\n  -H "Content-Type: application/json" \\\n  -d '${body}'`;
  return `curl -X ${method} ${location.origin}${path} \\\n  -H "X-API-Key: YOUR_API_KEY"${data}`;
}

export function Table({ heads, children, label }: { heads: string[]; children: ComponentChildren; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col" class={head === 'Payload' ? 'cut' : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
