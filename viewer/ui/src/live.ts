// Being told of changes by server-sent events. One connection a page, open while somebody listens and the tab is seen; where there is none
// to be had (an older viewer, too many tabs) pages poll as they otherwise would.

type Listener = () => void;

const RETRY_MS = 30_000;
const listeners = new Set<Listener>();
let source: EventSource | null = null;
let retry = 0;
let connected = false;

export const isLive = (): boolean => connected;

function tell(): void {
  for (const listener of [...listeners]) listener();
}

function open(): void {
  if (source || document.hidden || listeners.size === 0) return;
  clearTimeout(retry);
  source = new EventSource("/api/live");
  source.addEventListener("open", () => { connected = true; });
  source.addEventListener("change", () => {
    connected = true;
    tell();
  });
  source.addEventListener("error", () => {
    if (connected) {
      connected = false;
      tell(); // they go back to polling
    }
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    retry = setTimeout(open, RETRY_MS);
  });
}

function close(): void {
  source?.close();
  source = null;
  connected = false;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) close();
  else open();
});

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  open();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) close();
  };
}
