import { useEffect, useId, useState } from 'preact/hooks';
import { ask, session } from '../core/api.ts';
import { useAction } from '../core/hooks.ts';
import { Note } from '../parts/basic.tsx';

export function SignInPage({ reason, onEnter }: { reason: string | undefined; onEnter: () => void }) {
  const [key, setKey] = useState('');
  const [offered, setOffered] = useState(false);
  const { note, busy, run } = useAction();
  const field = useId();
  useEffect(() => {
    // This path exists only in development.
    fetch('/dashboard/development').then(
      async (response) => {
        if (!response.ok) return;
        const { api_key } = (await response.json()) as { api_key: string };
        setKey((typed) => typed || api_key);
        setOffered(true);
      },
      () => {},
    );
  }, []);
  const enter = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      await ask('GET', '/api/me', undefined, key.trim());
      session.enter(key.trim());
      onEnter();
      return undefined;
    });
  };
  return (
    <main class="sign-in">
      <form onSubmit={enter}>
        <h1 class="brand">
          <span class="mark" aria-hidden="true" /> Triggers
        </h1>
        <p class="dim">Events, deliveries and endpoints of your organization.</p>
        <label for={field}>API key</label>
        <input
          id={field}
          type="password"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          autocomplete="off"
          spellcheck={false}
          required
        />
        {offered && <p class="hint">Development mode: the development key is filled in.</p>}
        <button type="submit" class="main" disabled={busy}>
          Sign in
        </button>
        <Note of={note ?? (reason === undefined ? null : { text: reason, bad: true })} />
        <p class="hint">The key is kept in this tab only, until you close it.</p>
      </form>
    </main>
  );
}
