// Single-key shortcuts, silent while the reader types or holds a modifier.
import { useLayoutEffect, useRef } from "preact/hooks";

export type Keymap = Record<string, (event: KeyboardEvent) => void>;

export const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));

// Enter and space on a focused button or link belong to that control.
const ownsActivation = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("button, a, summary, [role=separator]") !== null;

// A view within a page hears a key before the page does, and keeps it by preventing its default.
export type Tier = "view" | "page";

type Hear = (event: KeyboardEvent) => void;
const hearing: Record<Tier, Set<Hear>> = { view: new Set(), page: new Set() };

addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  if (typing(event.target) && event.key !== "Escape") return;
  if ((event.key === "Enter" || event.key === " ") && ownsActivation(event.target)) return;
  for (const hear of [...hearing.view, ...hearing.page]) if (!event.defaultPrevented) hear(event);
});

export function useKeys(keymap: Keymap, tier: Tier = "page"): void {
  const latest = useRef(keymap);
  latest.current = keymap;
  // Before the first paint, not after it: what is on the screen already hears the keys.
  useLayoutEffect(() => {
    const hear: Hear = (event) => {
      const action = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      action?.(event);
    };
    hearing[tier].add(hear);
    return () => { hearing[tier].delete(hear); };
  }, []);
}
