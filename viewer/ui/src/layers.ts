// A layered layout for small graphs: callers to the left of whom they call, neighbours near each other, so that few lines cross.

export interface Place {
  layer: number;
  row: number;
}

type Edge = readonly [from: string, to: string];

const SWEEPS = 8;

export interface Layout {
  places: Map<string, Place>;
  bends: Map<string, Place[]>; // of edges that pass layers, by edgeKey
  heights: number[]; // rows of each layer
}

export const edgeKey = (from: string, to: string): string => `${from}\u0001${to}`;

export function layers(keys: readonly string[], edges: readonly Edge[]): Layout {
  const forward = withoutCycles(keys, edges);
  const layerOf = longestPaths(keys, forward);
  const { all, short, passed } = split(keys, forward, layerOf);
  const columns: string[][] = [];
  for (const key of all) (columns[layerOf.get(key)!] ??= []).push(key);
  const neighbours = both(all, short);
  const rowOf = new Map<string, number>();
  const number = (column: string[]): void => column.forEach((key, row) => rowOf.set(key, row));
  columns.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const right = sweep % 2 === 0;
    for (let i = right ? 1 : columns.length - 2; right ? i < columns.length : i >= 0; i += right ? 1 : -1) {
      const column = columns[i]!;
      const middle = new Map(column.map((key) => [key, barycentre(key, neighbours.get(key)!, layerOf, right ? -1 : 1, rowOf)]));
      column.sort((a, b) => middle.get(a)! - middle.get(b)! || rowOf.get(a)! - rowOf.get(b)!);
      number(column);
    }
  }
  const place = (key: string): Place => ({ layer: layerOf.get(key)!, row: rowOf.get(key)! });
  return {
    places: new Map(keys.map((key) => [key, place(key)])),
    bends: new Map([...passed].map(([edge, through]) => [edge, through.map(place)])),
    heights: columns.map((column) => column.length),
  };
}

// An edge that passes layers takes a place in each of them, so that it leads past what stands there and not through it.
function split(keys: readonly string[], edges: readonly Edge[], layerOf: Map<string, number>) {
  const all = [...keys];
  const short: Edge[] = [];
  const passed = new Map<string, string[]>();
  for (const [from, to] of edges) {
    const name = edgeKey(from, to);
    if (passed.has(name)) continue;
    const through: string[] = [];
    let last = from;
    for (let layer = layerOf.get(from)! + 1; layer < layerOf.get(to)!; layer++) {
      const bend = `${name}\u0001${layer}`;
      layerOf.set(bend, layer);
      all.push(bend);
      through.push(bend);
      short.push([last, bend]);
      last = bend;
    }
    short.push([last, to]);
    passed.set(name, through);
  }
  return { all, short, passed };
}

// The mean row of the neighbours on one side; one without any stays where it is.
function barycentre(key: string, neighbours: string[], layerOf: Map<string, number>, side: -1 | 1, rowOf: Map<string, number>): number {
  const there = neighbours.filter((other) => Math.sign(layerOf.get(other)! - layerOf.get(key)!) === side);
  if (there.length === 0) return rowOf.get(key)!;
  return there.reduce((sum, other) => sum + rowOf.get(other)!, 0) / there.length;
}

function outgoing(keys: readonly string[], edges: readonly Edge[]): Map<string, string[]> {
  const out = new Map<string, string[]>(keys.map((key) => [key, []]));
  for (const [from, to] of edges) out.get(from)?.push(to);
  return out;
}

function both(keys: readonly string[], edges: readonly Edge[]): Map<string, string[]> {
  const out = outgoing(keys, edges);
  for (const [from, to] of edges) out.get(to)?.push(from);
  return out;
}

// Edges that lead back to where the walk came from are left out. The walk begins at whom nobody calls.
function withoutCycles(keys: readonly string[], edges: readonly Edge[]): Edge[] {
  const out = outgoing(keys, edges);
  const called = new Set(edges.filter(([from, to]) => from !== to).map(([, to]) => to));
  const state = new Map<string, "open" | "done">();
  const kept: Edge[] = [];
  for (const start of [...keys.filter((key) => !called.has(key)), ...keys]) {
    if (state.has(start)) continue;
    const stack = [{ key: start, next: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const to = out.get(top.key)![top.next++];
      if (to === undefined) {
        state.set(top.key, "done");
        stack.pop();
      } else if (state.get(to) !== "open" && out.has(to)) {
        kept.push([top.key, to]);
        if (!state.has(to)) {
          state.set(to, "open");
          stack.push({ key: to, next: 0 });
        }
      }
    }
  }
  return kept;
}

// A layer is one more than that of the farthest caller.
function longestPaths(keys: readonly string[], edges: readonly Edge[]): Map<string, number> {
  const layer = new Map<string, number>(keys.map((key) => [key, 0]));
  const waiting = new Map<string, number>(keys.map((key) => [key, 0]));
  for (const [, to] of edges) waiting.set(to, waiting.get(to)! + 1);
  const out = outgoing(keys, edges);
  const ready = keys.filter((key) => waiting.get(key) === 0);
  for (let i = 0; i < ready.length; i++) {
    const from = ready[i]!;
    for (const to of out.get(from)!) {
      layer.set(to, Math.max(layer.get(to)!, layer.get(from)! + 1));
      waiting.set(to, waiting.get(to)! - 1);
      if (waiting.get(to) === 0) ready.push(to);
    }
  }
  return layer;
}
