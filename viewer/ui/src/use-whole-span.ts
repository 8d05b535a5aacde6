// A span of an outlined trace with everything it has inside, fetched when it is opened. A span never changes, so it is asked for once.
import { useEffect, useReducer, useRef } from "preact/hooks";
import { Resource } from "./api";
import { isOutlined } from "./outline";
import type { Node } from "./tree";
import type { Span, Trace } from "./types";

const TIMEOUT_MS = 15_000;
const MOST = 100; // spans that are kept for the next revision of a trace that still grows

// Null while it is on its way, a text when it could not be had. The node has it from then on.
export function useWholeSpan(trace: Trace, node: Node | null): string | null {
  const kept = useRef(new Map<string, Span>());
  const failure = useRef<{ id: string; text: string } | null>(null);
  const [, drawAgain] = useReducer((n: number) => n + 1, 0);
  const wanted = node && isOutlined(node.span) ? node : null;
  const known = wanted && kept.current.get(wanted.span.span_id);
  if (known) adopt(wanted, known);

  useEffect(() => {
    if (!wanted || known) return;
    const id = wanted.span.span_id;
    const abort = new AbortController();
    const arrived = (answer: Trace | null): void => {
      const [span] = answer?.spans ?? [];
      if (!span) return;
      if (kept.current.size >= MOST) kept.current.clear();
      kept.current.set(id, span);
      drawAgain(0);
    };
    const failed = (cause: unknown): void => {
      if (abort.signal.aborted) return;
      failure.current = { id, text: cause instanceof Error ? cause.message : String(cause) };
      drawAgain(0);
    };
    new Resource<Trace>(`/api/traces/${trace.trace_id}/spans/${id}`).get(AbortSignal.any([abort.signal, AbortSignal.timeout(TIMEOUT_MS)])).then(arrived, failed);
    return () => abort.abort();
  }, [wanted]);

  return wanted && failure.current?.id === wanted.span.span_id ? failure.current.text : null;
}

// Its resource and scope are numbered by the trace it is shown in, not by the answer it came with.
function adopt(node: Node, whole: Span): void {
  node.span = { ...whole, resource: node.span.resource, scope: node.span.scope };
}
