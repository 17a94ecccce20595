import { useState } from 'preact/hooks';
import { call, get, session } from '../core/api.ts';
import { useAction, useLoad } from '../core/hooks.ts';
import type { Key, Me, Page } from '../core/views.ts';
import { Code, Failure, Head, Note, Table, Time } from '../parts/basic.tsx';

export function KeysPage() {
  const { value, error, reload } = useLoad(() => Promise.all([get<Page<Key>>('/api/keys'), get<Me>('/api/me')]), []);
  const [name, setName] = useState('');
  const [shown, setShown] = useState<string>();
  const { note, busy, run } = useAction();
  const create = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      setShown((await call<{ api_key: string }>('POST', '/api/keys', { name })).api_key);
      setName('');
      reload();
      return 'Copy the key now: it is not shown again.';
    });
  };
  const rotate = () =>
    run(async () => {
      const made = await call<{ api_key: string }>('POST', '/api/keys/rotate', { grace_seconds: 3_600 });
      session.enter(made.api_key);
      setShown(made.api_key);
      reload();
      return 'This tab uses the new key. The old one works for one more hour.';
    });
  const revoke = (key: Key) =>
    confirm(`Revoke the key "${key.name}"? Its requests are refused within a second.`) &&
    run(async () => {
      await call('DELETE', `/api/keys/${key.id}`);
      reload();
      return `The key "${key.name}" is revoked.`;
    });
  const [keys, me] = value ?? [];
  return (
    <>
      <Head title="Keys">
        <button type="button" disabled={busy} onClick={rotate}>
          Rotate this key
        </button>
      </Head>
      <form class="filters" onSubmit={create}>
        <label>
          Name
          <input value={name} onInput={(event) => setName(event.currentTarget.value)} required placeholder="billing" />
        </label>
        <button type="submit" class="main" disabled={busy}>
          Create key
        </button>
      </form>
      <Note of={note} />
      {shown !== undefined && <Code text={shown} label="New key" />}
      <Failure of={error} />
      <Table heads={['Name', 'Prefix', 'Scopes', 'Last used', 'Expires', '']} label="API keys">
        {keys?.data.map((key) => (
          <tr key={key.id}>
            <td>
              {key.name} {key.id === me?.key.id && <span class="tag">this tab</span>}
            </td>
            <td class="mono">{key.prefix}…</td>
            <td>{key.scopes.join(', ')}</td>
            <td class="num">
              <Time at={key.last_used_at} />
            </td>
            <td class="num">
              <Time at={key.expires_at} />
            </td>
            <td class="acts">
              {key.id !== me?.key.id && (
                <button type="button" onClick={() => revoke(key)} aria-label={`Revoke ${key.name}`}>
                  Revoke
                </button>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
