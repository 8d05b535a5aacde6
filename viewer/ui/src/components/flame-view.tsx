// The flame graph: spans of one path of names as one box, as wide as the time spent in it and below.
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { count, duration, label, percent, plural } from "../format";
import { type Box, type Direction, flameBoxes, neighbour } from "../flame";
import { useKeys } from "../keys";
import { useLatest } from "../latest";
import { serviceClass } from "../palette";
import { type Path, longestSpan, mergePaths } from "../paths";
import type { Node } from "../tree";
import { useWindow } from "../window";

const ROW_PX = 24;
const LEAST_PX = 2;

export function FlameView({ nodes, found, onOpen }: { nodes: Node[]; found: ReadonlySet<Node> | null; onOpen: (node: Node) => void }) {
  const paths = useMemo(() => mergePaths(nodes), [nodes]);
  // Read between two drawings too: keys come faster than frames.
  const [zoomed, zoomedNow, setZoomed] = useLatest<Path | null>(null);
  const [cursor, cursorNow, setCursor] = useLatest<Path | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  // Paths belong to the spans they were made of: newer ones start anew.
  const known = (path: Path | null): Path | null => (path && paths.all[path.index] === path ? path : null);
  const zoom = known(zoomed);
  const currentOf = (cursor: Path | null, zoomed: Path | null): Path | null => known(cursor) ?? known(zoomed) ?? paths.tops[0] ?? null;
  const current = currentOf(cursor, zoomed);
  const currentNow = (): Path | null => currentOf(cursorNow(), zoomedNow());
  const hits = useMemo(() => found && new Set(paths.all.filter((path) => path.spans.some((node) => found.has(node)))), [paths, found]);

  const { first, end, width } = useWindow(scroller, 100_000, ROW_PX);
  const flame = useMemo(() => flameBoxes(paths, zoom, LEAST_PX / Math.max(width, 300)), [paths, zoom, width]);
  const shown = flame.boxes.filter((box) => box.row >= first && box.row < end);

  useEffect(() => {
    const element = scroller.current;
    const row = current ? current.depth * ROW_PX : 0;
    if (element && (row < element.scrollTop || row + ROW_PX > element.scrollTop + element.clientHeight)) element.scrollTop = Math.max(0, row - ROW_PX);
  }, [current]);

  const go = (direction: Direction) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const from = currentNow();
    const next = from && neighbour(flame, from, direction);
    if (next) setCursor(next);
  };
  const into = (path: Path | null): void => {
    setZoomed(path && path.parent === null && paths.tops.length === 1 ? null : path);
    setCursor(path ?? cursorNow());
  };
  const back = (event: KeyboardEvent): void => {
    if (!known(zoomedNow())) return;
    event.preventDefault();
    into(null);
  };
  useKeys({
    ArrowUp: go("up"), ArrowDown: go("down"), ArrowLeft: go("left"), ArrowRight: go("right"), k: go("up"), j: go("down"), h: go("left"), l: go("right"),
    Enter: () => into(currentNow() === zoomedNow() ? null : currentNow()), Backspace: back, Escape: back, 0: () => into(null),
    s: () => {
      const path = currentNow();
      if (path) onOpen(longestSpan(path));
    },
  }, "view");

  return (
    <section class="flame-view" aria-label="Flame graph">
      {current && <PathFacts path={current} whole={paths.work} zoomed={zoom !== null} onOpen={onOpen} onReset={() => into(null)} />}
      <div class="flame" ref={scroller} role="tree" tabIndex={0} aria-label="Paths of spans, by the time spent in them" aria-activedescendant={current ? `${id}-${current.index}` : undefined}>
        <div class="flame-canvas" role="presentation" style={{ height: `${flame.rows * ROW_PX}px` }}>
          {shown.map((box) => (
            <FlameBox key={box.path.index} id={`${id}-${box.path.index}`} box={box} current={box.path === current} dim={hits !== null && !hits.has(box.path)}
              above={zoom !== null && box.row < zoom.depth} onSelect={setCursor} onZoom={into} />
          ))}
        </div>
      </div>
    </section>
  );
}

interface BoxProps {
  id: string;
  box: Box;
  current: boolean;
  dim: boolean;
  above: boolean;
  onSelect: (path: Path) => void;
  onZoom: (path: Path) => void;
}

function FlameBox({ id, box, current, dim, above, onSelect, onZoom }: BoxProps) {
  const { path } = box;
  const classes = ["box", serviceClass(path.service), current && "current", path.errors > 0 && "failed", dim && "dim", above && "above"].filter(Boolean).join(" ");
  const many = path.spans.length > 1 ? ` × ${count(path.spans.length)}` : "";
  return (
    <div id={id} class={classes} role="treeitem" aria-level={path.depth + 1} aria-selected={current} aria-expanded={path.children.length > 0 ? true : undefined} data-path={path.index}
      title={`${label(path.name, 200)}${many}\n${duration(path.work)} in it and below, ${duration(path.self)} its own`}
      style={{ left: `${100 * box.left}%`, width: `${100 * box.width}%`, top: `${box.row * ROW_PX}px` }}
      onClick={() => (current ? onZoom(path) : onSelect(path))} onDblClick={() => onZoom(path)}>
      <span><bdi>{label(path.name, 120)}</bdi>{many}</span>
    </div>
  );
}

interface FactsProps {
  path: Path;
  whole: number;
  zoomed: boolean;
  onOpen: (node: Node) => void;
  onReset: () => void;
}

function PathFacts({ path, whole, zoomed, onOpen, onReset }: FactsProps) {
  return (
    <div class="path-facts" role="status">
      <span class={`service ${serviceClass(path.service)}`}><b><bdi>{label(path.name, 120)}</bdi></b></span>
      <span>{plural(path.spans.length, "span")}</span>
      <span><b>{duration(path.work)}</b> in it and below{whole > 0 && ` (${percent(path.work / whole)})`}</span>
      <span><b>{duration(path.self)}</b> its own</span>
      {path.errors > 0 && <span class="failure">{plural(path.errors, "error")}</span>}
      {path.tokens > 0 && <span>{plural(path.tokens, "token")}</span>}
      <span class="grow" />
      <button type="button" class="small" title="s" onClick={() => onOpen(longestSpan(path))}>{path.spans.length > 1 ? "Open its longest span" : "Open its span"}</button>
      {zoomed && <button type="button" class="small" title="0 or Esc" onClick={onReset}>Zoom out</button>}
    </div>
  );
}
