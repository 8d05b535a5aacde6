// Polling as a hook: once a period while the tab is visible, slower while the server is away, and seldom while it tells of changes by itself.
// An empty address is not asked.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, Resource } from "./api";
import { isLive, onChange } from "./live";

export interface Polled<T> {
  data: T | null;
  error: ApiError | null; // the server answered, but with an error
  offline: boolean; // the server did not answer
}

// What is asked: an address, or several whose answers belong together.
export interface Source<T> {
  readonly url: string;
  get(signal: AbortSignal): Promise<T | null>; // null: as it was
}

const RETRY_MS = 2500;
const TIMEOUT_MS = 15_000;
const TOLD_MS = 10_000; // between two questions whose answer would have been announced
const SOON_MS = 100;

// `told`: a change of what the address answers is announced by the server.
export function usePoll<T>(url: string, periodMs: number, paused = false, told = false, make: (url: string) => Source<T> = (url) => new Resource<T>(url)): Polled<T> {
  const [state, setState] = useState<Polled<T> & { url: string }>({ url, data: null, error: null, offline: false });
  const resource = useRef<Source<T> | null>(null);
  const answered = useRef(""); // the address whose answer is on show
  if (resource.current?.url !== url) resource.current = make(url);

  useEffect(() => {
    if (url === "") return;
    const source = resource.current!;
    const abort = new AbortController();
    let timer = 0;
    let busy = false;
    let again = false;

    async function poll(): Promise<void> {
      if (busy || document.hidden) return;
      busy = true;
      again = false;
      let wait = told && isLive() ? Math.max(periodMs, TOLD_MS) : periodMs;
      try {
        const data = await source.get(AbortSignal.any([abort.signal, AbortSignal.timeout(TIMEOUT_MS)]));
        if (abort.signal.aborted) return;
        answered.current = url;
        setState((old) =>
          data === null
            ? old.offline || old.error ? { ...old, error: null, offline: false } : old
            : { url, data, error: null, offline: false });
      } catch (cause) {
        if (abort.signal.aborted) return;
        wait = Math.max(periodMs, RETRY_MS);
        const error = cause instanceof ApiError ? cause : null;
        setState((old) => ({ url, data: old.url === url ? old.data : null, error, offline: error === null }));
      } finally {
        busy = false;
      }
      if (!paused && !abort.signal.aborted) {
        clearTimeout(timer);
        timer = setTimeout(poll, again ? SOON_MS : wait);
      }
    }

    const wake = (): void => {
      if (!document.hidden && !paused) void poll();
    };
    const changed = (): void => {
      again = true;
      wake();
    };
    document.addEventListener("visibilitychange", wake);
    const silence = told && !paused ? onChange(changed) : null;
    if (!paused || answered.current !== url) void poll(); // what is held still is asked once
    return () => {
      abort.abort();
      silence?.();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [url, periodMs, paused, told]);

  // Until the new address has answered, the old one's data is not its data.
  return state.url === url ? state : { data: null, error: null, offline: state.offline };
}
