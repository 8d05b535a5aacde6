// Spans grouped by name: how often, how long, how much of it their own.
import { useMemo, useState } from "preact/hooks";
import { count, duration, label, plural } from "../format";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { serviceClass } from "../palette";
import { type Column, type Group, groupSpans, sortGroups } from "../span-table";
import type { Node } from "../tree";
import { Fail, RoleIcon } from "./icons";
import { SortHead } from "./sort-head";

const STEP = 200;

const columns: [Column, string, string?][] = [
  ["name", "Span"], ["count", "Count"], ["total", "Total", "Durations added up"], ["self", "Self", "What no child covers"],
  ["mean", "Mean"], ["most", "Longest"], ["errors", "Errors"], ["tokens", "Tokens", "Input and output of model calls"],
];

interface Props {
  nodes: Node[];
  duration: number;
  found: ReadonlySet<Node> | null;
  onOpen: (node: Node) => void;
  onShow: (node: Node) => void;
}

export function TableView({ nodes, found, onOpen, onShow }: Props) {
  const [by, setBy] = useState<Column>("self");
  const [descending, setDescending] = useState(true);
  const [max, setMax] = useState(STEP);
  const [at, atNow, setAt] = useLatest(-1);
  const groups = useMemo(() => groupSpans(found ? nodes.filter((node) => found.has(node)) : nodes), [nodes, found]);
  const sorted = useMemo(() => sortGroups(groups, by, descending), [groups, by, descending]);
  const own = groups.reduce((sum, group) => sum + group.self, 0);
  const withTokens = groups.some((group) => group.tokens > 0);
  const shown = sorted.slice(0, max);

  const sort = (column: Column): void => {
    setDescending(column === by ? !descending : column !== "name");
    setBy(column);
  };
  const step = (rows: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    setAt(Math.min(shown.length - 1, Math.max(0, atNow() + rows)));
  };
  useKeys({
    j: step(1), ArrowDown: step(1), k: step(-1), ArrowUp: step(-1), Home: step(-Infinity), End: step(Infinity),
    Enter: () => { const group = shown[atNow()]; if (group) onOpen(group.longest); },
  }, "view");
  return (
    <section class="table-view scrolls" aria-label="Spans by name" tabIndex={0}>
      <table class="sums">
        <thead>
          <tr>
            {columns.filter(([column]) => column !== "tokens" || withTokens).map(([column, title, hint]) => (
              <SortHead key={column} title={title} hint={hint} number={column !== "name"} wide={column === "total" || column === "mean" || column === "most" || column === "tokens"} sorted={column === by ? (descending ? "descending" : "ascending") : null} onSort={() => sort(column)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((group, i) => <Row key={`${group.service}\u0000${group.name}`} group={group} own={own} current={i === at} withTokens={withTokens} onOpen={onOpen} onShow={onShow} />)}
        </tbody>
      </table>
      {sorted.length === 0 && <p class="nothing">Nothing matches what you look for.</p>}
      {sorted.length > max && <p class="more"><button type="button" onClick={() => setMax(max + STEP)}>Show {count(Math.min(STEP, sorted.length - max))} more of {count(sorted.length)}</button></p>}
    </section>
  );
}

interface RowProps {
  group: Group;
  own: number;
  current: boolean;
  withTokens: boolean;
  onOpen: (node: Node) => void;
  onShow: (node: Node) => void;
}

function Row({ group, own, current, withTokens, onOpen, onShow }: RowProps) {
  return (
    <tr class={`${serviceClass(group.service)} ${current ? "current" : ""} ${group.errors > 0 ? "failed" : ""}`} onClick={() => onOpen(group.longest)}>
      <td><span class="group-name">
        <RoleIcon role={group.role} />
        <button type="button" class="plain" title="Open the longest of them" onClick={(event) => { event.stopPropagation(); onOpen(group.longest); }}><bdi>{label(group.name, 160)}</bdi></button>
        <span class="row-service"><bdi>{label(group.service, 60)}</bdi></span>
      </span></td>
      <td class="number">{count(group.count)}</td>
      <td class="number wide">{duration(group.total)}</td>
      <td class="number meter-cell"><span>{duration(group.self)}</span><span class="meter" aria-hidden="true"><span style={{ width: `${own > 0 ? (100 * group.self) / own : 0}%` }} /></span></td>
      <td class="number wide">{duration(group.mean)}</td>
      <td class="number wide"><button type="button" class="link" title="Show it in the waterfall" onClick={(event) => { event.stopPropagation(); onShow(group.longest); }}>{duration(group.most)}</button></td>
      <td class="number">{group.errors > 0 ? <span class="failure" title={plural(group.errors, "failed span")}><Fail />{count(group.errors)}</span> : <span class="none">–</span>}</td>
      {withTokens && <td class="number wide">{group.tokens > 0 ? count(group.tokens) : <span class="none">–</span>}</td>}
    </tr>
  );
}
