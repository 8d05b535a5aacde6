// Single-key shortcuts, silent while the reader types or holds a modifier.
import { useLayoutEffect, useRef } from "preact/hooks";

export type Keymap = Record<string, (event: KeyboardEvent) => void>;

export const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));

// Enter and space on a focused button or link belong to that control.
const ownsActivation = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("button, a, summary, [role=separator]") !== null;

export function useKeys(keymap: Keymap): void {
  const latest = useRef(keymap);
  latest.current = keymap;
  // Before the first paint, not after it: what is on the screen already hears the keys.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      if (typing(event.target) && event.key !== "Escape") return;
      if ((event.key === "Enter" || event.key === " ") && ownsActivation(event.target)) return;
      const action = Object.hasOwn(latest.current, event.key) ? latest.current[event.key] : undefined;
      action?.(event);
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
