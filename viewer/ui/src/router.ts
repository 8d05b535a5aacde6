// The address bar is the state: "/", "/logs" and "/metrics" with their filters, "/trace/<id>" with what trace-address.ts reads, "/metrics/<id>",
// "/compare" with two traces.
import { useLayoutEffect, useState } from "preact/hooks";
import { conjoined } from "./query-text";

export interface Route {
  path: string;
  query: URLSearchParams;
}

const CHANGED = "spanwire:route";

const read = (): Route => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export function navigate(url: string, how: "push" | "replace" = "push"): void {
  if (url === location.pathname + location.search) return;
  if (how === "push") history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  dispatchEvent(new Event(CHANGED));
}

// Of the address as it is now: an empty value leaves its name out.
export function changeQuery(changes: Record<string, string>, how: "push" | "replace" = "replace"): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  navigate(query.size > 0 ? `${location.pathname}?${query}` : location.pathname, how);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useLayoutEffect(() => {
    const update = (): void => setRoute(read());
    addEventListener("popstate", update);
    addEventListener(CHANGED, update);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(CHANGED, update);
    };
  }, []);
  return route;
}

// The span whose detail is open, as the address says it now.
export const spanOfAddress = (): string | null => new URLSearchParams(location.search).get("span");

// Plain clicks on our own links stay in the page; new tabs and downloads are the browser's.
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a[href]");
  if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target) return;
  if (!/^\/($|compare$|logs$|metrics$|metrics\/|trace\/)/.test(link.pathname)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

// The lists as they were last shown, so that going back keeps their filters.
export type ListPath = "/" | "/logs" | "/metrics";
const lastLists: Record<ListPath, string> = { "/": "/", "/logs": "/logs", "/metrics": "/metrics" };
export const rememberList = (query: URLSearchParams, path: ListPath = "/"): void => {
  const text = query.toString();
  lastLists[path] = text ? `${path}?${text}` : path;
};
export const listUrl = (path: ListPath = "/"): string => lastLists[path];

// The list as it was last shown, narrowed by one more condition.
export function filterUrl(condition: string): string {
  const query = new URLSearchParams(lastLists["/"].slice(2));
  query.set("q", conjoined(query.get("q") ?? "", condition));
  return `/?${query}`;
}

export const traceUrl = (traceId: string, spanId?: string): string =>
  `/trace/${encodeURIComponent(traceId)}${spanId ? `?span=${encodeURIComponent(spanId)}` : ""}`;

export const compareUrl = (a: string, b: string): string => `/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
