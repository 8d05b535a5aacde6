// Polling as a hook: once a period while the tab is visible, slower while the server is away. An empty address is not asked.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, Resource } from "./api";

export interface Polled<T> {
  data: T | null;
  error: ApiError | null; // the server answered, but with an error
  offline: boolean; // the server did not answer
}

const RETRY_MS = 2500;
const TIMEOUT_MS = 15_000;

export function usePoll<T>(url: string, periodMs: number, paused = false): Polled<T> {
  const [state, setState] = useState<Polled<T> & { url: string }>({ url, data: null, error: null, offline: false });
  const resource = useRef<Resource<T>>(new Resource<T>(url));
  if (resource.current.url !== url) resource.current = new Resource<T>(url);

  useEffect(() => {
    if (url === "") return;
    const source = resource.current;
    const abort = new AbortController();
    let timer = 0;
    let busy = false;

    async function poll(): Promise<void> {
      if (busy || document.hidden) return;
      busy = true;
      let wait = periodMs;
      try {
        const data = await source.get(AbortSignal.any([abort.signal, AbortSignal.timeout(TIMEOUT_MS)]));
        if (abort.signal.aborted) return;
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
        timer = setTimeout(poll, wait);
      }
    }

    const wake = (): void => {
      if (!document.hidden && !paused) void poll();
    };
    document.addEventListener("visibilitychange", wake);
    void poll();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [url, periodMs, paused]);

  // Until the new address has answered, the old one's data is not its data.
  return state.url === url ? state : { data: null, error: null, offline: state.offline };
}
