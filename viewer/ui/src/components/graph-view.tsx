// Who called whom: a small layered graph, and the same as a table.
import { useMemo, useState } from "preact/hooks";
import { type Actor, type CallGraph, callGraph, largest } from "../actors";
import { count, duration, label, plural } from "../format";
import { roleNames } from "../genai";
import { type Place, edgeKey, layers } from "../layers";
import { serviceClass } from "../palette";
import type { Node, Tree } from "../tree";
import { Fail, RoleIcon } from "./icons";

const MAX_ACTORS = 60;
const BOX = { width: 172, height: 52, gapX: 84, gapY: 22, margin: 20 };

interface Spot {
  x: number;
  y: number;
}

export function GraphView({ tree, nodes, onShow }: { tree: Tree; nodes: Node[]; onShow: (node: Node) => void }) {
  const whole = useMemo(() => callGraph(tree, nodes), [tree, nodes]);
  const graph = useMemo(() => largest(whole, MAX_ACTORS), [whole]);
  const at = useMemo(() => placed(graph), [graph]);
  const [chosen, setChosen] = useState<string | null>(null);
  const actor = graph.actors.find(({ key }) => key === chosen) ?? null;
  return (
    <section class="graph-view" aria-label="Who calls whom">
      <div class="graph-scroll scrolls" tabIndex={0} aria-label="Graph">
        <div class="graph" style={{ width: `${at.width}px`, height: `${at.height}px` }}>
          <Lines graph={graph} at={at} chosen={chosen} />
          {graph.actors.map((one) => <ActorBox key={one.key} actor={one} spot={at.spots.get(one.key)!} chosen={one.key === chosen} onChoose={() => setChosen(one.key === chosen ? null : one.key)} />)}
        </div>
      </div>
      <CallTable graph={graph} actor={actor} hidden={whole.actors.length - graph.actors.length} onShow={onShow} />
    </section>
  );
}

interface Placed {
  spots: Map<string, Spot>;
  bends: Map<string, Spot[]>;
  width: number;
  height: number;
}

function placed(graph: CallGraph): Placed {
  const { places, bends, heights } = layers(graph.actors.map(({ key }) => key), graph.calls.map(({ from, to }) => [from, to] as const));
  const tallest = Math.max(1, ...heights);
  const spot = ({ layer, row }: Place): Spot => {
    const free = tallest - heights[layer]!; // short layers stand in the middle
    return { x: BOX.margin + layer * (BOX.width + BOX.gapX), y: BOX.margin + (row + free / 2) * (BOX.height + BOX.gapY) };
  };
  return {
    spots: new Map([...places].map(([key, place]) => [key, spot(place)])),
    bends: new Map([...bends].map(([key, through]) => [key, through.map(spot)])),
    width: 2 * BOX.margin + Math.max(1, heights.length) * (BOX.width + BOX.gapX) - BOX.gapX + 30,
    height: 2 * BOX.margin + tallest * (BOX.height + BOX.gapY) - BOX.gapY + 16,
  };
}

// From the right edge of the caller to the left edge of the called, straight through the places between; back, or to itself, in a loop underneath.
function curve(from: Spot, to: Spot, through: Spot[]): string {
  const middle = BOX.height / 2;
  if (to.x <= from.x) {
    const low = Math.max(from.y, to.y) + BOX.height + 14;
    return `M${from.x + BOX.width} ${from.y + middle}C${from.x + BOX.width + 46} ${low} ${to.x - 46} ${low} ${to.x - 5} ${to.y + middle}`;
  }
  let [x, y] = [from.x + BOX.width, from.y + middle];
  let path = `M${x} ${y}`;
  const reach = (x2: number, y2: number): void => {
    const bend = (x2 - x) / 2;
    path += `C${x + bend} ${y} ${x2 - bend} ${y2} ${x2} ${y2}`;
    [x, y] = [x2, y2];
  };
  for (const spot of through) {
    reach(spot.x, spot.y + middle);
    path += `H${(x = spot.x + BOX.width)}`;
  }
  reach(to.x - 5, to.y + middle);
  return path;
}

// Where a call's count stands: on its last stretch, which no other call from there shares.
function countSpot(from: Spot, to: Spot, through: Spot[]): Spot {
  const last = through.at(-1) ?? from;
  return { x: (last.x + BOX.width + to.x) / 2, y: (last.y + to.y + BOX.height) / 2 - 5 };
}

function Lines({ graph, at, chosen }: { graph: CallGraph; at: Placed; chosen: string | null }) {
  const { spots, bends, width, height } = at;
  const most = Math.max(1, ...graph.calls.map((call) => call.count));
  return (
    <svg class="calls" width={width} height={height} aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8Z" /></marker>
      </defs>
      {graph.calls.map((call) => {
        const [from, to] = [spots.get(call.from)!, spots.get(call.to)!];
        const through = bends.get(edgeKey(call.from, call.to)) ?? [];
        const text = countSpot(from, to, through);
        const state = chosen === null ? "" : chosen === call.from || chosen === call.to ? "chosen" : "dim";
        return (
          <g key={`${call.from}\u0001${call.to}\u0001${call.link}`} class={`call ${call.link ? "by-link" : ""} ${call.errors > 0 ? "failed" : ""} ${state}`}>
            <path d={curve(from, to, through)} stroke-width={1.25 + (1.75 * Math.log1p(call.count)) / Math.log1p(most)} marker-end="url(#arrow)" />
            {to.x > from.x && <text x={text.x} y={text.y}>{call.link ? "link" : `${count(call.count)}×`}</text>}
          </g>
        );
      })}
    </svg>
  );
}

function ActorBox({ actor, spot, chosen, onChoose }: { actor: Actor; spot: Spot; chosen: boolean; onChoose: () => void }) {
  return (
    <button type="button" class={`actor ${serviceClass(actor.service)} ${actor.errors > 0 ? "failed" : ""}`} aria-pressed={chosen} title={label(actor.name, 200)}
      style={{ left: `${spot.x}px`, top: `${spot.y}px`, width: `${BOX.width}px`, height: `${BOX.height}px` }} onClick={onChoose}>
      <span class="actor-name"><RoleIcon role={actor.role} /><bdi>{label(actor.name, 60)}</bdi>{actor.errors > 0 && <span class="failure"><Fail /></span>}</span>
      <span class="actor-facts">{actor.role === "span" ? "Service" : roleNames[actor.role]} · {plural(actor.spans, "span")}</span>
    </button>
  );
}

interface TableProps {
  graph: CallGraph;
  actor: Actor | null;
  hidden: number;
  onShow: (node: Node) => void;
}

function CallTable({ graph, actor, hidden, onShow }: TableProps) {
  const byKey = new Map(graph.actors.map((one) => [one.key, one]));
  const calls = graph.calls.filter((call) => !actor || call.from === actor.key || call.to === actor.key).sort((a, b) => b.total - a.total);
  return (
    <div class="call-table scrolls" tabIndex={0} aria-label="Calls">
      {actor && (
        <p class="call-note"><RoleIcon role={actor.role} /><b><bdi>{label(actor.name, 80)}</bdi></b> <span>{plural(actor.spans, "span")}, {duration(actor.total)} in all</span>
          <button type="button" class="link" onClick={() => onShow(actor.first)}>Show its first span</button></p>
      )}
      {hidden > 0 && <p class="call-note">The {count(graph.actors.length)} with the most time are shown, {count(hidden)} are not.</p>}
      <table class="sums">
        <thead><tr><th scope="col">Caller</th><th scope="col">Called</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Total</th><th scope="col" class="number">Errors</th></tr></thead>
        <tbody>
          {calls.slice(0, 200).map((call) => (
            <tr key={`${call.from}\u0001${call.to}\u0001${call.link}`}>
              <td><bdi>{label(byKey.get(call.from)!.name, 60)}</bdi></td>
              <td><bdi>{label(byKey.get(call.to)!.name, 60)}</bdi>{call.link && <span class="tag">by a link</span>}</td>
              <td class="number">{count(call.count)}</td>
              <td class="number">{duration(call.total)}</td>
              <td class="number">{call.errors > 0 ? <span class="failure"><Fail />{count(call.errors)}</span> : <span class="none">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {calls.length === 0 && <p class="nothing">{graph.actors.length < 2 ? "One service, and it calls nobody." : "No calls."}</p>}
    </div>
  );
}
