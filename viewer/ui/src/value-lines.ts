// A nested value as the lines of a tree that folds. Flat: depth is the sender's choice, and only lines on show are made.
import type { Container, Value } from "./types";
import { isContainer } from "./value";

export interface Line {
  path: string; // places from the top: "0.3.1"
  depth: number;
  key: string | null; // null: the top, or an element of an array
  value: Value;
  open: boolean; // its entries are the next lines
}

// Small trees open whole, large ones far enough to see their shape; what is alone in its container hides nothing by being open.
export const WHOLE_LINES = 24;
const FIRST_LEVELS = 2;

// Which containers are not as they are by themselves.
export type Turned = ReadonlySet<string>;

export interface Shown {
  lines: Line[];
  cut: boolean; // there are more
}

export function shownLines(top: Container, turned: Turned, max: number): Shown {
  const levels = countUpTo(top, WHOLE_LINES + 1) > WHOLE_LINES ? FIRST_LEVELS : Infinity;
  const lines: Line[] = [];
  const stack: { container: Container; path: string; next: number }[] = [];
  const add = (value: Value, path: string, key: string | null): void => {
    const depth = stack.length;
    const alone = stack.at(-1)?.container.value.length === 1;
    const open = isContainer(value) && value.value.length > 0 && (alone || depth < levels) !== turned.has(path);
    lines.push({ path, depth, key, value, open });
    if (open) stack.push({ container: value as Container, path, next: 0 });
  };
  add(top, "", null);
  for (let in_ = stack.at(-1); in_; in_ = stack.at(-1)) {
    const item = in_.container.value[in_.next];
    if (!item) {
      stack.pop();
      continue;
    }
    if (lines.length >= max) return { lines, cut: true };
    add(item, in_.path === "" ? String(in_.next) : `${in_.path}.${in_.next}`, "key" in item ? (item as { key: string }).key : null);
    in_.next++;
  }
  return { lines, cut: false };
}

// Values in there, at most `most`.
function countUpTo(top: Container, most: number): number {
  const waiting: Value[] = [top];
  let counted = 0;
  for (let value = waiting.pop(); value && counted < most; value = waiting.pop()) {
    counted++;
    if (isContainer(value)) for (const item of value.value.slice(0, most)) waiting.push(item);
  }
  return counted;
}
