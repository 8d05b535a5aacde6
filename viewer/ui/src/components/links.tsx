import { flagsHex, flagsText } from "../flags";
import { label, plural } from "../format";
import { usePoll } from "../poll";
import { traceUrl } from "../router";
import type { Tree } from "../tree";
import type { SpanLink } from "../types";
import { Attributes } from "./attributes";
import { CopyButton } from "./copy-button";

const ASK_MS = 5000;
const MAX_ASKED = 128; // of one question; about the rest, only opening them tells

export function Links({ links, traceId, tree }: { links: SpanLink[]; traceId: string; tree: Tree }) {
  const missing = useMissing(links, traceId);
  return (
    <ol class="links">
      {links.map((link, i) => <Link key={i} link={link} here={link.trace_id === traceId} tree={tree} missing={missing.has(link.trace_id)} />)}
    </ol>
  );
}

const isTraceId = (id: string): boolean => /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id);

// The other traces among the links that are not stored. Asked again and again: what is linked often arrives later.
function useMissing(links: SpanLink[], traceId: string): ReadonlySet<string> {
  const asked = [...new Set(links.map((link) => link.trace_id).filter((id) => id !== traceId && isTraceId(id)))].slice(0, MAX_ASKED);
  const { data } = usePoll<{ stored: string[] }>(asked.length > 0 ? `/api/stored?ids=${asked.join(",")}` : "", ASK_MS);
  const stored = new Set(data?.stored);
  return new Set(data ? asked.filter((id) => !stored.has(id)) : []);
}

function Link({ link, here, tree, missing }: { link: SpanLink; here: boolean; tree: Tree; missing: boolean }) {
  return (
    <li data-span-id={link.span_id}>
      <p class="link-head"><Target link={link} here={here} tree={tree} missing={missing} /></p>
      <dl class="ids">
        <Id name="Trace id" id={link.trace_id} />
        <Id name="Span id" id={link.span_id} />
        {link.trace_state && <div><dt>Trace state</dt><dd><code>{label(link.trace_state, 600)}</code></dd></div>}
        {link.flags !== 0 && <div><dt>Flags</dt><dd><code>{flagsHex(link.flags)}</code> <small>{flagsText(link.flags, "context")}</small></dd></div>}
      </dl>
      {link.attributes.length > 0 && <Attributes attributes={link.attributes} />}
      {link.dropped_attributes_count > 0 && <p class="dropped">{plural(link.dropped_attributes_count, "attribute")} dropped by the sender's limits.</p>}
    </li>
  );
}

// What opens the linked span, or why nothing does.
function Target({ link, here, tree, missing }: { link: SpanLink; here: boolean; tree: Tree; missing: boolean }) {
  if (!isTraceId(link.trace_id)) return <span class="no-target">Names no trace</span>;
  if (missing) return <span class="no-target">In a trace that is not stored here</span>;
  const url = traceUrl(link.trace_id, link.span_id || undefined);
  if (!here) return <a href={url}>Open the linked trace</a>;
  const node = tree.byId.get(link.span_id);
  return node ? <a href={url}><bdi>{label(node.span.name, 120)}</bdi></a> : <span class="no-target">A span of this trace that has not arrived</span>;
}

function Id({ name, id }: { name: string; id: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{id ? <><code>{id}</code><CopyButton text={id} what={name.toLowerCase()} /></> : <small>none</small>}</dd>
    </div>
  );
}
