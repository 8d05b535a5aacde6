// State that is also read between two drawings of the page, so that of several keys in one frame each starts where the one before it ended.
import { useRef, useState } from "preact/hooks";

// The value as drawn, a function for the value as it is now, and one to change it.
export function useLatest<T>(initial: T): [T, () => T, (value: T) => void] {
  const [drawn, setDrawn] = useState(initial);
  const latest = useRef(drawn);
  const set = (value: T): void => {
    latest.current = value;
    setDrawn(value);
  };
  return [drawn, () => latest.current, set];
}
