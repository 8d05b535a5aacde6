import { compact, count, duration, label, nanoseconds, plural } from "../format";
import { operation, roleNames } from "../genai";
import { serviceClass } from "../palette";
import type { Stretch } from "../critical-path";
import type { Range } from "../trace-address";
import type { Node } from "../tree";
import { Chevron, Fail, RoleIcon } from "./icons";
import { LogMarks } from "./log-marks";

export interface Indent {
  step: number; // px a level
  max: number; // px at most, so that names stay readable however deep the tree
}

interface Props {
  id: string;
  node: Node;
  range: Range;
  depth: number; // below the first row's
  critical: Stretch[];
  top: number;
  current: boolean;
  selected: boolean;
  collapsed: boolean;
  dim: boolean;
  indent: Indent;
  onSelect: (node: Node) => void;
  onFold: (node: Node) => void;
}

export function WaterfallRow(props: Props) {
  const { id, node, range, depth, critical, top, current, selected, collapsed, dim } = props;
  const classes = ["row", serviceClass(node.service), current && "current", selected && "selected", node.error && "failed", dim && "dim"].filter(Boolean).join(" ");
  return (
    <div id={id} class={classes} role="treeitem" aria-level={depth + 1} aria-selected={selected}
      aria-expanded={node.children.length > 0 ? !collapsed : undefined} data-span-id={node.span.span_id}
      style={{ transform: `translateY(${top}px)` }} onClick={() => props.onSelect(node)}>
      <Name {...props} />
      <div class="track"><div class="lane"><Bar node={node} range={range} critical={critical} /></div></div>
    </div>
  );
}

function Name({ node, depth, collapsed, indent, onFold }: Props) {
  const parent = node.children.length > 0;
  const hidden = collapsed ? node.last - node.index : 0;
  return (
    <div class="name">
      <span class="guides" style={{ width: `${Math.min(depth * indent.step, indent.max)}px` }} />
      <button type="button" class={`fold ${collapsed ? "shut" : ""}`} hidden={!parent} tabIndex={-1} aria-hidden="true"
        onClick={(event) => { event.stopPropagation(); onFold(node); }}><Chevron /></button>
      {!parent && <span class="fold" />}
      <RoleIcon role={node.role} />
      {node.role !== "span" && <span class="spoken">{roleNames[node.role]} </span>}
      <SpanName node={node} />
      {node.orphan && <span class="tag" title="Its parent is not in this trace, or not yet">no parent</span>}
      {hidden > 0 && <span class="tag" title={`${plural(hidden, "span")} folded`}>+{count(hidden)}</span>}
      {collapsed && node.errorsBelow > 0 && !node.error && <span class="failure faint" title={`${plural(node.errorsBelow, "error")} inside`}><Fail /></span>}
      {node.error && <span class="failure" title={label(node.span.status.message || "Error")}><Fail /><span class="spoken"> failed </span></span>}
      {node.tokens && (
        <span class="row-tokens" title={`${count(node.tokens.input)} input, ${count(node.tokens.output)} output tokens`}>
          {compact(node.tokens.input)}<span class="spoken"> tokens in </span>{node.tokens.output > 0 && <><i>→</i>{compact(node.tokens.output)}<span class="spoken"> out </span></>}
        </span>
      )}
    </div>
  );
}

// "execute_tool web_search": the operation steps back, what it works on is the name.
export function SpanName({ node }: { node: Node }) {
  const op = operation(node.span);
  const name = node.span.name;
  const split = op !== "" && name.startsWith(`${op} `);
  return (
    <bdi class="span-name">
      {split ? <><span class="operation">{label(op)} </span>{label(name.slice(op.length + 1))}</> : label(name)}
      {node.parent?.service !== node.service && <span class="row-service">{label(node.service, 60)}</span>}
    </bdi>
  );
}

function Bar({ node, range, critical }: { node: Node; range: Range; critical: Stretch[] }) {
  const length = range.to - range.from;
  const share = (ns: number): number => Math.min(100, Math.max(0, (100 * (ns - range.from)) / length));
  const start = share(node.start);
  const end = share(node.start + node.duration);
  const outside = node.start + node.duration < range.from ? "past" : node.start > range.to ? "future" : "";
  if (outside) return <span class={`beyond ${outside}`} title={`${duration(node.duration)}, outside of what is shown`} />;
  // The duration stands where there is room for it: after the bar, before it, or on it.
  const place = end < 86 ? { at: "after", style: { left: `${end}%` } }
    : start > 14 ? { at: "before", style: { right: `${100 - start}%` } }
    : { at: "inside", style: { right: `${100 - end}%` } };
  return (
    <>
      <span class="bar" style={{ left: `${start}%`, width: `${end - start}%` }} />
      {critical.map((part) => <span key={part.from} class="critical" style={{ left: `${share(part.from)}%`, width: `${share(part.to) - share(part.from)}%` }} />)}
      {node.span.events.slice(0, 50).map((event, i) => {
        const after = offset(event.time_unix_ns, node);
        if (after < range.from || after > range.to) return null;
        return <span key={i} class={`event-mark ${event.name === "exception" ? "bad" : ""}`} style={{ left: `${share(after)}%` }} title={`${label(event.name, 80)} at +${duration(Math.max(0, after))}`} />;
      })}
      <LogMarks node={node} range={range} />
      <span class={`took ${place.at}`} style={place.style}>{duration(node.duration)}</span>
    </>
  );
}

// An event's time on the trace's axis.
const offset = (time: string, node: Node): number =>
  node.start + Number(nanoseconds(time) - nanoseconds(node.span.start_unix_ns));
