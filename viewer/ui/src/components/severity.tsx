import { label } from "../format";
import { severityClass } from "../logs";
import type { Log } from "../types";

// By name and colour; the sender's own word for it, where that is another.
export function Severity({ log }: { log: Log }) {
  if (log.severity === "" && log.severity_text === "") return <span class="severity severity-none"><span class="spoken">no severity</span></span>;
  const own = log.severity_text !== "" && log.severity_text.toUpperCase() !== log.severity ? label(log.severity_text, 40) : "";
  return <span class={`severity ${severityClass(log)}`} title={own ? `“${own}” to its sender` : undefined}><bdi>{log.severity || own}</bdi></span>;
}
