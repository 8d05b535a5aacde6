// The line of a list that keys are at. It is known by its id, since lists move below it.
import type { Keymap } from "./keys";
import { useLatest } from "./latest";

const PAGE = 15;

export interface ListCursor<T> {
  id: string | null;
  item: () => T | undefined;
  set: (id: string | null) => void;
  steps: Keymap;
  jumps: Keymap; // for a list that scrolls by itself; elsewhere these keys scroll the page
}

export function useListCursor<T>(items: readonly T[], idOf: (item: T) => string, first: string | null = null): ListCursor<T> {
  const [id, idNow, set] = useLatest<string | null>(first);
  const place = (): number => items.findIndex((item) => idOf(item) === idNow());
  const move = (by: number) => (event: KeyboardEvent): void => {
    event.preventDefault();
    const at = place();
    const target = items[Math.min(items.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    if (target) set(idOf(target));
  };
  return {
    id, set, item: () => items[place()],
    steps: { j: move(1), ArrowDown: move(1), k: move(-1), ArrowUp: move(-1) },
    jumps: { PageDown: move(PAGE), PageUp: move(-PAGE), Home: move(-Infinity), End: move(Infinity) },
  };
}
