// The stretch of time on show, as state that moves with the pointer and reaches the address once it rests.
import { useEffect, useRef, useState } from "preact/hooks";
import { clampRange } from "./range";
import { type Range, changeAddress, rangeText } from "./trace-address";

const REST_MS = 250;

export interface RangeState {
  whole: Range;
  range: Range;
  narrowed: boolean;
  set: (range: Range | null) => void;
}

export function useRange(addressed: Range | null, whole: Range): RangeState {
  const text = rangeText(addressed);
  const [shown, setShown] = useState<Range | null>(addressed);
  const written = useRef(text);
  const timer = useRef(0);
  // The address changed by other means: the back button, a link.
  useEffect(() => {
    if (text === written.current) return;
    written.current = text;
    setShown(addressed);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const clamped = shown && clampRange(shown, whole);
  return {
    whole, range: clamped ?? whole, narrowed: clamped !== null,
    set: (range) => {
      const next = range && clampRange(range, whole);
      setShown(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        written.current = rangeText(next);
        changeAddress({ range: written.current });
      }, REST_MS);
    },
  };
}
