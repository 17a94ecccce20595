import { useCallback, useEffect, useState } from 'preact/hooks';

/** Loads a value with `read`. The previous value is kept until the next one arrives. */
export function useLoad<Value>(read: () => Promise<Value>, inputs: readonly unknown[]) {
  const [state, setState] = useState<{ value?: Value; error?: string }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let gone = false;
    read().then(
      (value) => gone || setState({ value }),
      (error: Error) => gone || setState({ error: error.message }),
    );
    return () => {
      gone = true;
    };
  }, [...inputs, round]);
  return { ...state, reload: useCallback(() => setRound((last) => last + 1), []) };
}

/** State of a button's action: busy, and a note with its result or its error. */
export function useAction() {
  const [note, setNote] = useState<{ text: string; bad: boolean } | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<string | undefined>) => {
    setBusy(true);
    try {
      const text = await work();
      setNote(text === undefined ? null : { text, bad: false });
    } catch (error) {
      setNote({ text: error instanceof Error ? error.message : String(error), bad: true });
    } finally {
      setBusy(false);
    }
  };
  return { note, busy, run };
}

/** Decodes a part of the URL. A part with invalid encoding is used as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The route in the hash: `#/events?type=x` is the path `['events']` and its query. */
export function useRoute() {
  const read = () => {
    const [path = '', search = ''] = location.hash.slice(2).split('?');
    return { path: path.split('/').map(decoded), query: new URLSearchParams(search) };
  };
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = () => setRoute(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}
