import { useMemo } from "preact/hooks";
import type { CriticalPath } from "../critical-path";
import { flagsHex, flagsText } from "../flags";
import { duration, instant, label, nanoseconds, percent, plural, visible } from "../format";
import { isGenAi, roleNames } from "../genai";
import { messageKeys } from "../messages";
import { isOutlined } from "../outline";
import { serviceClass } from "../palette";
import { fieldIs } from "../query-text";
import { selfTime } from "../self-time";
import type { Node, Tree } from "../tree";
import type { KeyValue, Trace } from "../types";
import { Attributes } from "./attributes";
import { CopyButton } from "./copy-button";
import { Conversation } from "./conversation";
import { Events } from "./events";
import { FilterLink } from "./filter-link";
import { Close, Focus, RoleIcon } from "./icons";
import { Links } from "./links";
import { RawSpan } from "./raw-span";
import { Section } from "./section";
import { SpanLogs } from "./span-logs";
import { ToolSection, toolKeys } from "./tool-call";

interface Props {
  node: Node;
  trace: Trace;
  tree: Tree;
  critical: CriticalPath;
  focused: boolean;
  trouble: string | null; // why the inside of an outlined span is not to be had
  onSelect: (node: Node) => void;
  onFocus: (node: Node | null) => void;
  onClose: () => void;
}

export function SpanDetail({ node, trace, tree, critical, focused, trouble, onSelect, onFocus, onClose }: Props) {
  const { span } = node;
  return (
    <aside id="detail" class={`detail ${serviceClass(node.service)}`} aria-label="Span">
      <header>
        <div class="detail-title">
          <RoleIcon role={node.role} />
          <h2><bdi>{label(span.name, 2000)}</bdi></h2>
          {node.children.length > 0 && (
            <button type="button" class="quiet toggle" aria-pressed={focused} aria-label={focused ? "Show the whole trace" : "Show only this span and what is below it"}
              title={`${focused ? "Show the whole trace" : "Show only this span and what is below it"} (f)`} onClick={() => onFocus(focused ? null : node)}><Focus /></button>
          )}
          <button type="button" class="quiet close" aria-label="Close the span" title="Close (Esc)" onClick={onClose}><Close /></button>
        </div>
        <p class="under">
          <span class={`service ${serviceClass(node.service)}`}><bdi>{label(node.service, 120)}</bdi></span><FilterLink condition={`{ ${fieldIs("service", node.service)} and ${fieldIs("name", span.name)} }`} />
          {node.role !== "span" && <span class="tag">{roleNames[node.role]}</span>}
          <span class="tag">{span.kind.toLowerCase()}</span>
          <span class={`tag status-${span.status.code.toLowerCase()}`}>{span.status.code === "UNSET" ? "status unset" : span.status.code.toLowerCase()}</span>
        </p>
        {span.status.message !== "" && <p class={`status-message ${node.error ? "bad" : ""}`}><bdi>{visible(span.status.message)}</bdi></p>}
      </header>
      <Timing node={node} tree={tree} critical={critical} onSelect={onSelect} />
      {isOutlined(span) ? <p class="nothing awaited" role="status">{trouble ?? "Reading the span…"}</p> : <Inside node={node} trace={trace} tree={tree} onSelect={onSelect} />}
    </aside>
  );
}

function Inside({ node, trace, tree, onSelect }: Pick<Props, "node" | "trace" | "tree" | "onSelect">) {
  const { span } = node;
  const resource = trace.resources[span.resource];
  const scope = trace.scopes[span.scope];
  const { genAi, content, tool, others } = useMemo(() => sorted(span.attributes), [span]);
  return (
    <>
      <ToolSection attributes={tool} />
      <Conversation attributes={content} tree={tree} onSelect={onSelect} />
      {genAi.length > 0 && <Section title="Generative AI" of="gen_ai.*" n={genAi.length}><Attributes attributes={genAi} prefix="gen_ai." where="" /></Section>}
      {others.length > 0 && <Section title="Attributes" n={others.length}><Attributes attributes={others} where="" /></Section>}
      <Dropped n={span.dropped_attributes_count} noun="attribute" />
      {span.attributes.length === 0 && <p class="nothing">No attributes.</p>}
      {span.events.length > 0 && <Section title="Events" n={span.events.length}><Events node={node} /></Section>}
      <Dropped n={span.dropped_events_count} noun="event" />
      <SpanLogs node={node} tree={tree} onSelect={onSelect} />
      {span.links.length > 0 && <Section title="Links" n={span.links.length}><Links links={span.links} traceId={trace.trace_id} tree={tree} /></Section>}
      <Dropped n={span.dropped_links_count} noun="link" />
      {resource && (
        <Section title="Resource" n={resource.attributes.length} shut>
          <SchemaUrl url={resource.schema_url} />
          <Attributes attributes={resource.attributes} where="resource." />
        </Section>
      )}
      {scope && (
        <Section title="Scope" n={scope.attributes.length || undefined} shut>
          <p class="scope"><bdi>{label(scope.name)}</bdi>{scope.version && <span> {label(scope.version)}</span>}</p>
          <SchemaUrl url={scope.schema_url} />
          <Attributes attributes={scope.attributes} where="" />
        </Section>
      )}
      <RawSpan traceId={trace.trace_id} spanId={span.span_id} />
    </>
  );
}

// What was said and done, what the conventions name, and the rest.
function sorted(attributes: KeyValue[]) {
  return {
    content: attributes.filter(({ key }) => messageKeys.has(key)),
    tool: attributes.filter(({ key }) => toolKeys.has(key)),
    genAi: attributes.filter(({ key }) => isGenAi(key) && !messageKeys.has(key) && !toolKeys.has(key)),
    others: attributes.filter(({ key }) => !isGenAi(key)),
  };
}

function Timing({ node, tree, critical, onSelect }: { node: Node; tree: Tree; critical: CriticalPath; onSelect: (node: Node) => void }) {
  const { span } = node;
  const waited = critical.stretches.get(node)?.reduce((sum, part) => sum + part.to - part.from, 0) ?? 0;
  const start = nanoseconds(span.start_unix_ns);
  const parent = node.parent;
  return (
    <dl class="timing">
      <div><dt>Duration</dt><dd>{duration(node.duration)} <small>{percent(tree.duration > 0 ? node.duration / tree.duration : 1)} of the trace</small></dd></div>
      {node.children.length > 0 && <div><dt>Self time</dt><dd>{duration(selfTime(node))} <small>what no child covers</small></dd></div>}
      {waited > 0 && <div><dt>Critical path</dt><dd>{duration(waited)} <small>{critical.total > 0 && `${percent(waited / critical.total)} of it`}</small></dd></div>}
      <div><dt>Starts at</dt><dd>{node.start === 0 ? "0" : `+${duration(node.start)}`} <small>{instant(start)}</small></dd></div>
      <div><dt>Span id</dt><dd><code>{span.span_id}</code><CopyButton text={span.span_id} what="span id" /></dd></div>
      {span.parent_span_id && (
        <div>
          <dt>Parent</dt>
          <dd>{parent ? <button type="button" class="link" onClick={() => onSelect(parent)}><bdi>{label(parent.span.name, 80)}</bdi></button> : <><code>{label(span.parent_span_id, 32)}</code> <small>not in this trace</small></>}</dd>
        </div>
      )}
      {span.flags !== 0 && <div><dt>Flags</dt><dd><code>{flagsHex(span.flags)}</code> <small>{flagsText(span.flags, span.parent_span_id ? "parent" : null)}</small></dd></div>}
      {span.trace_state && <div><dt>Trace state</dt><dd><code>{label(span.trace_state, 600)}</code></dd></div>}
    </dl>
  );
}

// As text: an address a sender chose is not one to follow with a click.
function SchemaUrl({ url }: { url: string }) {
  if (!url) return null;
  return <p class="schema-url"><small>Schema</small> <code>{label(url, 600)}</code></p>;
}

function Dropped({ n, noun }: { n: number; noun: string }) {
  if (n === 0) return null;
  return <p class="dropped">{plural(n, noun)} dropped by the sender's limits.</p>;
}
