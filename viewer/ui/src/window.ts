// The part of a long list that is on the screen.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

const OVERSCAN = 10;

export function useWindow(scroller: RefObject<HTMLElement | null>, length: number, rowPx: number): { first: number; end: number; width: number } {
  const [view, setView] = useState({ top: 0, height: 0, width: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = (): void => {
      const { scrollTop: top, clientHeight: height, clientWidth: width } = element;
      // Rows are drawn in steps of a few, so that most scroll events change nothing.
      const step = Math.floor(top / (rowPx * 4)) * rowPx * 4;
      setView((old) => (old.top === step && old.height === height && old.width === width ? old : { top: step, height, width }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [rowPx]);
  const first = Math.max(0, Math.floor(view.top / rowPx) - OVERSCAN);
  const end = Math.min(length, Math.ceil((view.top + view.height) / rowPx) + OVERSCAN);
  return { first: Math.min(first, end), end, width: view.width };
}

const narrowQuery = matchMedia("(max-width: 720px)");

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(narrowQuery.matches);
  useEffect(() => {
    const update = (): void => setNarrow(narrowQuery.matches);
    narrowQuery.addEventListener("change", update);
    return () => narrowQuery.removeEventListener("change", update);
  }, []);
  return narrow;
}
