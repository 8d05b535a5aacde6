import { useContext } from "preact/hooks";
import { clock, compact, count, dateTime, duration, label, plural, unixMs } from "../format";
import type { Role } from "../genai";
import { serviceClass } from "../palette";
import { listUrl } from "../router";
import type { Tree } from "../tree";
import type { Trace } from "../types";
import { LogsOfTrace } from "../use-trace-logs";
import { CopyButton } from "./copy-button";
import { Downloads } from "./downloads";
import { Back, Fail, RoleIcon } from "./icons";
import { showView } from "./view-tabs";

const counted: [Role, string][] = [["agent", "agent"], ["model", "model call"], ["tool", "tool call"]];

interface Props {
  trace: Trace;
  tree: Tree;
  critical: number;
  onError: () => void;
}

export function TraceHeader({ trace, tree, critical, onError }: Props) {
  const root = tree.nodes[0];
  const started = unixMs(tree.startUnix);
  const { input, output } = tree.tokens;
  return (
    <header class="trace-header">
      <a class="back" href={listUrl()} aria-label="All traces" title="All traces (Esc)"><Back /></a>
      <div class="title">
        <h1><bdi>{root ? label(root.span.name) : "Empty trace"}</bdi></h1>
        <span class="trace-id"><code>{trace.trace_id}</code><CopyButton text={trace.trace_id} what="trace id" /></span>
      </div>
      <dl class="facts">
        <div><dt>Duration</dt><dd>{duration(tree.duration)}</dd></div>
        {tree.nodes.length > 1 && <div class="wide" title="What the trace waited for, one after the other: shortening anything else does not shorten it"><dt>Critical path</dt><dd>{critical > 0 ? duration(critical) : "–"}</dd></div>}
        <div><dt>Started</dt><dd title={dateTime(started)}>{clock(started)}</dd></div>
        <div><dt>Spans</dt><dd>{count(tree.nodes.length)}</dd></div>
        {input + output > 0 && (
          <div class="token-sum" title={`${count(input)} input and ${count(output)} output tokens, summed over model calls`}>
            <dt>Tokens in / out</dt><dd>{compact(input)}<i>/</i>{compact(output)}</dd>
          </div>
        )}
        {tree.errors > 0 && (
          <div>
            <dt>Errors</dt>
            <dd><button type="button" class="failure" title="Next error (e)" onClick={onError}><Fail />{plural(tree.errors, "span")}</button></dd>
          </div>
        )}
        <LogCount />
      </dl>
      <div class="legend">
        {tree.services.slice(0, 12).map((service) => <span key={service} class={`service ${serviceClass(service)}`}><bdi>{label(service, 60)}</bdi></span>)}
        {tree.services.length > 12 && <span>+{tree.services.length - 12}</span>}
        {counted.filter(([role]) => tree.roles[role] > 0).map(([role, noun]) => (
          <span key={role} class="role-count"><RoleIcon role={role} />{plural(tree.roles[role], noun)}</span>
        ))}
        <Downloads traceId={trace.trace_id} />
      </div>
    </header>
  );
}

function LogCount() {
  const { records, errors, warnings, more } = useContext(LogsOfTrace);
  if (records.length === 0) return null;
  const worst = errors > 0 ? plural(errors, "error") : warnings > 0 ? plural(warnings, "warning") : "";
  return (
    <div>
      <dt>Logs</dt>
      <dd><button type="button" class="log-count" title="All logs of the trace (5)" onClick={() => showView("logs")}>{more ? `${count(records.length)}+ logs` : plural(records.length, "log")}{worst && <>, <span class={errors > 0 ? "failure" : "warn"}>{worst}</span></>}</button></dd>
    </div>
  );
}
