import { label } from "../format";
import { traceUrl } from "../router";
import type { SpanLink } from "../types";
import { Attributes } from "./attributes";

export function Links({ links, traceId }: { links: SpanLink[]; traceId: string }) {
  return (
    <ol class="links">
      {links.map((link, i) => (
        <li key={i}>
          <p>
            <a href={traceUrl(link.trace_id, link.span_id)}>{link.trace_id === traceId ? "Span in this trace" : "Span in another trace"}</a>{" "}
            <code>{link.trace_id === traceId ? link.span_id : `${link.trace_id.slice(0, 8)}…/${link.span_id}`}</code>
          </p>
          {link.trace_state && <p><small>trace state</small> <code>{label(link.trace_state, 600)}</code></p>}
          {link.attributes.length > 0 && <Attributes attributes={link.attributes} />}
          {link.dropped_attributes_count > 0 && <p class="dropped">{link.dropped_attributes_count} attributes dropped.</p>}
        </li>
      ))}
    </ol>
  );
}
