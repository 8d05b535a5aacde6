// The whole trace in a strip, with the window that the waterfall shows: drag beside it to draw a new one, inside to move it, at its edges to resize it.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { classColour } from "../colours";
import { duration } from "../format";
import { serviceClass } from "../palette";
import { moved } from "../range";
import { useTheme } from "../theme";
import type { Range } from "../trace-address";
import type { Node } from "../tree";
import type { RangeState } from "../use-range";

const GRIP_PX = 7;
const CLICK_PX = 3;

interface Drag {
  how: "draw" | "move" | "from" | "to";
  x: number;
  range: Range;
}

export function Minimap({ nodes, state, selected }: { nodes: Node[]; state: RangeState; selected: Node | null }) {
  const strip = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  const canvas = useOverview(nodes, state.whole, selected);
  const { whole, range, narrowed } = state;
  const length = whole.to - whole.from;
  const share = (ns: number): number => (100 * (ns - whole.from)) / length;

  const timeAt = (clientX: number): number => {
    const box = strip.current!.getBoundingClientRect();
    return whole.from + (length * (clientX - box.left)) / Math.max(1, box.width);
  };
  const begin = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.preventDefault();
    strip.current!.setPointerCapture(event.pointerId);
    const grip = (length * GRIP_PX) / Math.max(1, strip.current!.clientWidth);
    const at = timeAt(event.clientX);
    const how = !narrowed ? "draw" : Math.abs(at - range.from) < grip ? "from" : Math.abs(at - range.to) < grip ? "to" : at > range.from && at < range.to ? "move" : "draw";
    drag.current = { how, x: event.clientX, range };
  };
  const follow = (event: PointerEvent): void => {
    const { current } = drag;
    if (!current || (current.how === "draw" && Math.abs(event.clientX - current.x) < CLICK_PX)) return;
    const [begun, at] = [timeAt(current.x), timeAt(event.clientX)];
    if (current.how === "draw") state.set({ from: Math.max(whole.from, Math.min(begun, at)), to: Math.min(whole.to, Math.max(begun, at)) });
    else if (current.how === "move") state.set(moved(current.range, (at - begun) / (current.range.to - current.range.from), whole));
    else if (current.how === "from") state.set({ from: Math.max(whole.from, Math.min(at, current.range.to)), to: current.range.to });
    else state.set({ from: current.range.from, to: Math.min(whole.to, Math.max(at, current.range.from)) });
  };
  const end = (): void => { drag.current = null; };

  return (
    <div class="minimap">
      <div class="minimap-strip" ref={strip} title={narrowed ? "Double-click: the whole trace (0)" : "Drag to narrow the time on show"}
        onPointerDown={begin} onPointerMove={follow} onPointerUp={end} onPointerCancel={end} onDblClick={() => state.set(null)}>
        <canvas ref={canvas} aria-hidden="true" />
        <span class="veil" style={{ left: 0, width: `${share(range.from)}%` }} />
        <span class="veil" style={{ left: `${share(range.to)}%`, right: 0 }} />
        {narrowed && <span class="pane" style={{ left: `${share(range.from)}%`, width: `${share(range.to) - share(range.from)}%` }} />}
        <Grip name="Start of the time on show" at={range.from} state={state} left={share(range.from)} change={(by) => ({ from: range.from + by, to: range.to })} />
        <Grip name="End of the time on show" at={range.to} state={state} left={share(range.to)} change={(by) => ({ from: range.from, to: range.to + by })} />
      </div>
    </div>
  );
}

interface GripProps {
  name: string;
  at: number;
  left: number;
  state: RangeState;
  change: (by: number) => Range;
}

// One edge of the window; arrow keys move it by a fiftieth of what is shown.
function Grip({ name, at, left, state, change }: GripProps) {
  const { whole, range } = state;
  return (
    <span class={`grip ${state.narrowed ? "" : "resting"}`} role="slider" tabIndex={0} aria-label={name} aria-valuemin={Math.round(whole.from)} aria-valuemax={Math.round(whole.to)}
      aria-valuenow={Math.round(at)} aria-valuetext={duration(at - whole.from)} style={{ left: `${left}%` }}
      onKeyDown={(event) => {
        const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
        if (by === 0) return;
        event.preventDefault();
        const next = change((by * (range.to - range.from)) / 50);
        state.set({ from: Math.max(whole.from, next.from), to: Math.min(whole.to, next.to) });
      }} />
  );
}

// Every span as a line, top to bottom in the waterfall's order. Drawn after the rows, and anew when the spans, the size or the theme change.
function useOverview(nodes: Node[], whole: Range, selected: Node | null) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [theme] = useTheme();
  useLayoutEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const element = canvas.current!;
    const scale = Math.min(devicePixelRatio, 2);
    element.width = size.width * scale;
    element.height = size.height * scale;
    const context = element.getContext("2d");
    if (!context || size.width === 0) return;
    const colours = new Map<string, string>();
    const colour = (key: string, property: string): string => {
      let found = colours.get(key);
      if (!found) colours.set(key, (found = classColour(element.parentElement!, key, property)));
      return found;
    };
    const step = element.height / Math.max(nodes.length, 12);
    const thick = Math.max(scale, Math.min(step * 0.7, 4 * scale));
    nodes.forEach((node, row) => {
      const left = (element.width * (node.start - whole.from)) / (whole.to - whole.from);
      const width = (element.width * node.duration) / (whole.to - whole.from);
      context.fillStyle = node.error ? colour("bad-probe", "--bad") : colour(serviceClass(node.service), "--service");
      context.fillRect(left, row * step, Math.max(width, scale), node.error ? Math.max(thick, 2 * scale) : thick);
    });
    if (selected) {
      context.fillStyle = colour("text-probe", "--text");
      context.fillRect(0, (selected.index - (nodes[0]?.index ?? 0)) * step, element.width, scale);
    }
  }, [nodes, whole, size, theme, selected]);
  return canvas;
}
