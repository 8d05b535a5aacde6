// Where the boxes of a flame graph stand: widths are shares of the work below the path that is zoomed to.
import type { Path, Paths } from "./paths";

export interface Box {
  path: Path;
  row: number;
  left: number; // 0 to 1
  width: number;
}

export interface Flame {
  boxes: Box[];
  rows: number;
}

// What is narrower than `least` is not drawn, nor is what stands on it: there are at most 1 / least boxes a row.
export function flameBoxes(paths: Paths, zoomed: Path | null, least: number): Flame {
  const boxes: Box[] = [];
  for (let up = zoomed?.parent ?? null; up; up = up.parent) boxes.push({ path: up, row: up.depth, left: 0, width: 1 });
  boxes.reverse();
  let rows = boxes.length;
  const work = zoomed ? zoomed.work : paths.work;
  const stack: Box[] = [];
  place(zoomed ? [zoomed] : paths.tops, zoomed?.depth ?? 0, 0, work, least, stack);
  for (let box = stack.pop(); box; box = stack.pop()) {
    boxes.push(box);
    rows = Math.max(rows, box.row + 1);
    place(box.path.children, box.row + 1, box.left, work, least, stack);
  }
  return { boxes, rows };
}

function place(paths: Path[], row: number, left: number, work: number, least: number, out: Box[]): void {
  let at = left;
  const first = out.length;
  for (const path of paths) {
    // A trace without any duration still has a shape.
    const width = work > 0 ? path.work / work : 1 / paths.length;
    if (width >= least) out.push({ path, row, left: at, width });
    at += width;
  }
  // The stack hands out the leftmost first.
  for (let i = first, j = out.length - 1; i < j; i++, j--) [out[i], out[j]] = [out[j]!, out[i]!];
}

export type Direction = "up" | "down" | "left" | "right";

// The box an arrow key leads to.
export function neighbour(flame: Flame, from: Path, direction: Direction): Path | undefined {
  if (direction === "up") return from.parent ?? undefined;
  if (direction === "down") return flame.boxes.find((box) => box.path.parent === from)?.path;
  const row = flame.boxes.filter((box) => box.row === from.depth).sort((a, b) => a.left - b.left);
  const at = row.findIndex((box) => box.path === from);
  return at < 0 ? undefined : row[at + (direction === "left" ? -1 : 1)]?.path;
}
