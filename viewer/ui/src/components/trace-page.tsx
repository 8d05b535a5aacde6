import { useEffect, useMemo } from "preact/hooks";
import { type Outline, outlineUrl, readTrace } from "../outline";
import { usePoll } from "../poll";
import { listUrl } from "../router";
import { buildTree } from "../tree";
import type { Trace } from "../types";
import { LogsOfTrace, useTraceLogs } from "../use-trace-logs";
import { TraceView } from "./trace-view";

interface Props {
  traceId: string;
  query: URLSearchParams;
  paused: boolean;
  onOffline: (offline: boolean) => void;
}

export function TracePage({ traceId, query, paused, onOffline }: Props) {
  const { data, error, offline } = usePoll<Trace | Outline>(outlineUrl(traceId), 1000, paused, true);
  const trace = useMemo(() => data && readTrace(data), [data]);
  const tree = useMemo(() => trace && buildTree(trace), [trace]);
  const logs = useTraceLogs(traceId);
  useEffect(() => onOffline(offline), [offline]);

  if (trace && tree) return <LogsOfTrace.Provider value={logs}><TraceView trace={trace} tree={tree} query={query} /></LogsOfTrace.Provider>;
  if (error?.status === 404) {
    return (
      <div class="notice">
        <h1>This trace is not here</h1>
        <p>It has not arrived yet, or made room for newer ones. If it arrives, it opens by itself.</p>
        <p><code>{traceId}</code></p>
        <p><a href={listUrl()}>All traces</a></p>
      </div>
    );
  }
  return <div class="notice" role="status">{error ? error.message : offline ? "Waiting for the viewer…" : ""}</div>;
}
