import { useState } from "preact/hooks";

const KEY = "spanwire.names";
const LEAST = 180;

// The share of the waterfall that names take, remembered; returned in pixels for the present width.
export function useNameWidth(total: number): [number, (px: number) => void] {
  const [share, setShare] = useState<number | null>(() => {
    try {
      const stored = Number(localStorage.getItem(KEY));
      return stored > 0.05 && stored < 0.9 ? stored : null;
    } catch {
      return null;
    }
  });
  const clamp = (px: number): number => Math.round(Math.min(Math.max(px, LEAST), Math.max(LEAST, total - LEAST)));
  const set = (px: number): void => {
    if (total <= 0) return;
    const next = clamp(px) / total;
    setShare(next);
    try {
      localStorage.setItem(KEY, next.toFixed(3));
    } catch {
      // it holds for this page
    }
  };
  return [clamp(share === null ? Math.min(0.36 * total, 620) : share * total), set];
}

export function Splitter({ width, onWidth }: { width: number; onWidth: (px: number) => void }) {
  return (
    <div class="splitter" role="separator" aria-orientation="vertical" aria-label="Width of the names" aria-valuenow={width} tabIndex={0}
      style={{ left: `${width}px` }}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        onWidth(event.clientX - event.currentTarget.parentElement!.getBoundingClientRect().left);
      }}
      onKeyDown={(event) => {
        const by = event.key === "ArrowLeft" ? -24 : event.key === "ArrowRight" ? 24 : 0;
        if (by === 0) return;
        event.preventDefault();
        event.stopPropagation();
        onWidth(width + by);
      }} />
  );
}
