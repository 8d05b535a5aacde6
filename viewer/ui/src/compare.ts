// Two traces side by side: spans are matched by the path of names that leads to them.
import type { Role } from "./genai";
import { type Path, mergePaths } from "./paths";
import type { Tree } from "./tree";

export interface Side {
  count: number;
  total: number;
  errors: number;
  tokens: number;
}

export interface Pair {
  name: string;
  service: string;
  role: Role;
  depth: number;
  a: Side | null; // null: not in that trace
  b: Side | null;
  counts: number; // b minus a
  took: number;
  key: number; // its place, for as long as both traces stay as they are
}

const side = (path: Path | undefined): Side | null =>
  path ? { count: path.spans.length, total: path.total, errors: path.errors, tokens: path.tokens } : null;

interface Waiting {
  a: Path | undefined;
  b: Path | undefined;
  depth: number;
}

// What is at one place in either trace, in a's order; what only b has stands behind.
function match(a: Path[], b: Path[], depth: number): Waiting[] {
  const left = new Map(b.map((path) => [path.name, path]));
  const pairs = a.map((path): Waiting => {
    const other = left.get(path.name);
    left.delete(path.name);
    return { a: path, b: other, depth };
  });
  return [...pairs, ...[...left.values()].map((path): Waiting => ({ a: undefined, b: path, depth }))];
}

// Depth-first. Roots are matched whatever they are called when each trace has a single one: two runs of different questions still compare.
export function comparePaths(a: Tree, b: Tree): Pair[] {
  const topsA = mergePaths(a.nodes).tops;
  const topsB = mergePaths(b.nodes).tops;
  const single = topsA.length === 1 && topsB.length === 1;
  const stack: Waiting[] = single ? [{ a: topsA[0], b: topsB[0], depth: 0 }] : match(topsA, topsB, 0).reverse();
  const pairs: Pair[] = [];
  for (let at = stack.pop(); at; at = stack.pop()) {
    pairs.push(pair(at, pairs.length));
    const below = match(at.a?.children ?? [], at.b?.children ?? [], at.depth + 1);
    for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]!);
  }
  return pairs;
}

function pair({ a, b, depth }: Waiting, key: number): Pair {
  const { name, service, role } = (a ?? b)!;
  const [left, right] = [side(a), side(b)];
  return {
    name, service, role, depth, a: left, b: right, key,
    counts: (right?.count ?? 0) - (left?.count ?? 0),
    took: (right?.total ?? 0) - (left?.total ?? 0),
  };
}

// Worth a look: other counts or errors, or a duration off by a tenth and more than a hundredth of the whole.
export function differs(pair: Pair, whole: number): boolean {
  if (pair.counts !== 0 || (pair.a?.errors ?? 0) !== (pair.b?.errors ?? 0)) return true;
  return Math.abs(pair.took) > 0.1 * (pair.a?.total ?? 0) && Math.abs(pair.took) > 0.01 * whole;
}
