import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, session } from './core/api.ts';
import { useLoad, useRoute } from './core/hooks.ts';
import type { PageProps } from './core/page-props.ts';
import { currentTheme, toggleTheme } from './core/theme.ts';
import type { Me } from './core/views.ts';
import { EndpointPage } from './pages/endpoint.tsx';
import { EndpointsPage } from './pages/endpoints.tsx';
import { EventPage } from './pages/event.tsx';
import { EventsPage } from './pages/events.tsx';
import { FailedPage } from './pages/failed.tsx';
import { InboxPage } from './pages/inbox.tsx';
import { KeysPage } from './pages/keys.tsx';
import { LivePage } from './pages/live.tsx';
import { SendPage } from './pages/send.tsx';
import { SignInPage } from './pages/sign-in.tsx';

interface Entry {
  readonly name: string;
  readonly list: ComponentType<PageProps>;
  readonly one?: ComponentType<PageProps>;
}

const PAGES: Readonly<Record<string, Entry>> = {
  live: { name: 'Live', list: LivePage },
  events: { name: 'Events', list: EventsPage, one: EventPage },
  endpoints: { name: 'Endpoints', list: EndpointsPage, one: EndpointPage },
  failed: { name: 'Failed', list: FailedPage },
  inbox: { name: 'Inbox', list: InboxPage },
  keys: { name: 'Keys', list: KeysPage },
  send: { name: 'Send', list: SendPage },
};

export function App() {
  const [signedIn, setSignedIn] = useState(session.key() !== null);
  const [reason, setReason] = useState<string>();
  useEffect(() => {
    session.whenRefused(() => {
      session.leave();
      setReason('This API key is no longer valid.');
      setSignedIn(false);
    });
  }, []);
  if (!signedIn) return <SignInPage reason={reason} onEnter={() => setSignedIn(true)} />;
  return (
    <Shell
      onLeave={() => {
        session.leave();
        setReason(undefined);
        setSignedIn(false);
      }}
    />
  );
}

function Shell({ onLeave }: { onLeave: () => void }) {
  const { path, query } = useRoute();
  const section = path[0] !== undefined && Object.hasOwn(PAGES, path[0]) ? path[0] : 'live';
  const entry = PAGES[section];
  const id = path[1] ?? '';
  const Shown = (id !== '' ? entry?.one : undefined) ?? entry?.list ?? LivePage;
  useEffect(() => {
    document.title = `${entry?.name ?? ''} · Triggers`;
  }, [entry]);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skip}>
        Skip to content
      </button>
      <header class="side">
        <a class="brand" href="#/live" aria-label="Triggers: live page">
          <span class="mark" aria-hidden="true" />
          Triggers
        </a>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([name, page]) => (
            <a key={name} href={`#/${name}`} aria-current={name === section ? 'page' : undefined}>
              {page.name}
            </a>
          ))}
        </nav>
        <Account onLeave={onLeave} />
      </header>
      <main id="main" tabIndex={-1}>
        <Shown key={section + id} id={id} query={query} />
      </main>
    </div>
  );
}

function skip(): void {
  document.getElementById('main')?.focus();
}

function Account({ onLeave }: { onLeave: () => void }) {
  const { value: me } = useLoad(() => get<Me>('/api/me'), []);
  const [theme, setTheme] = useState(currentTheme());
  const other = theme === 'dark' ? 'light' : 'dark';
  const toggle = () => {
    toggleTheme();
    setTheme(currentTheme());
  };
  return (
    <div class="account">
      <span class="who">
        {me?.organization.name ?? ' '} <small>{me?.organization.tier}</small>
      </span>
      <button type="button" class="quiet" onClick={toggle} aria-label={`Use the ${other} theme`}>
        {theme === 'dark' ? '☀' : '☾'}
      </button>
      <button type="button" class="quiet" onClick={onLeave}>
        Sign out
      </button>
    </div>
  );
}
