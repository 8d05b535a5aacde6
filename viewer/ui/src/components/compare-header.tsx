import { clock, count, dateTime, duration, label, signed, unixMs } from "../format";
import { serviceClass } from "../palette";
import { listUrl, traceUrl } from "../router";
import type { Tree } from "../tree";
import { Back, Swap } from "./icons";

export interface Run {
  id: string;
  tree: Tree;
}

export function CompareHeader({ a, b, onSwap }: { a: Run; b: Run; onSwap: () => void }) {
  const facts: [string, (tree: Tree) => number, (value: number) => string][] = [
    ["Duration", (tree) => tree.duration, duration],
    ["Spans", (tree) => tree.nodes.length, count],
    ["Errors", (tree) => tree.errors, count],
    ["Input tokens", (tree) => tree.tokens.input, count],
    ["Output tokens", (tree) => tree.tokens.output, count],
    ["Model calls", (tree) => tree.roles.model, count],
    ["Tool calls", (tree) => tree.roles.tool, count],
  ];
  const told = facts.filter(([, value], i) => i < 3 || value(a.tree) + value(b.tree) > 0);
  return (
    <header class="compare-header">
      <div class="compare-title">
        <a class="back" href={listUrl()} aria-label="All traces" title="All traces (Esc)"><Back /></a>
        <h1>Compare</h1>
        <button type="button" class="small" title="x" onClick={onSwap}><Swap />Swap</button>
      </div>
      <table class="compare-facts">
        <thead>
          <tr>
            <th scope="col"><span class="spoken">Trace</span></th>
            {told.map(([name]) => <th key={name} scope="col" class="number">{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {([["A", a], ["B", b]] as const).map(([letter, run]) => (
            <tr key={letter}>
              <th scope="row"><RunName letter={letter} run={run} /></th>
              {told.map(([name, value, text]) => <td key={name} class="number">{text(value(run.tree))}</td>)}
            </tr>
          ))}
          <tr class="difference">
            <th scope="row">Difference</th>
            {told.map(([name, value, text]) => {
              const by = value(b.tree) - value(a.tree);
              return <td key={name} class={`number ${by > 0 ? "slower" : by < 0 ? "faster" : ""}`}>{by === 0 ? "–" : signed(by, text)}</td>;
            })}
          </tr>
        </tbody>
      </table>
    </header>
  );
}

function RunName({ letter, run }: { letter: string; run: Run }) {
  const top = run.tree.nodes[0];
  const started = unixMs(run.tree.startUnix);
  return (
    <span class="run">
      <span class={`letter letter-${letter.toLowerCase()}`}>{letter}</span>
      <a href={traceUrl(run.id)}><bdi>{top ? label(top.span.name, 80) : "Empty trace"}</bdi></a>
      {top && <span class={`service ${serviceClass(top.service)}`}><bdi>{label(top.service, 40)}</bdi></span>}
      <span class="when" title={dateTime(started)}>{clock(started)}</span>
      <code class="wide">{run.id.slice(0, 8)}</code>
    </span>
  );
}
